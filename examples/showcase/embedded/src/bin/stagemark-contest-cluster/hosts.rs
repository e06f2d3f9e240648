//! The hosts of the cluster, each in a process of its own.

use std::{
    env,
    error::Error,
    ffi::OsString,
    fmt,
    fs::File,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Stdio,
};

use stagemark_contest::secrets;
use tokio::process::{Child, Command};

/// Short, so that the other worker soon takes over from one that is killed.
const LEASE_S: &str = "5";
/// Few, so that both workers have something to do.
const SLOTS: &str = "2";

/// How hosts are started.
pub(crate) struct Hosts<'a> {
    pub(crate) dir: &'a Path,
    /// The page, as browsers see it; signed URLs are for it too.
    pub(crate) origin: String,
}

/// A host, which ends with this process.
pub(crate) struct Host {
    name: String,
    log: PathBuf,
    metrics: SocketAddr,
    child: Child,
}

type Settings = Vec<(&'static str, OsString)>;

impl Hosts<'_> {
    pub(crate) fn api(&self, number: u32, address: SocketAddr, metrics: SocketAddr) -> Result<Host, Box<dyn Error>> {
        let settings = vec![
            ("CONTEST_API_LISTEN", address.to_string().into()),
            ("CONTEST_PUBLIC_ORIGIN", self.origin.clone().into()),
            ("CONTEST_STORE_ORIGIN", self.origin.clone().into()),
            ("CONTEST_TRUSTED_PROXIES", "127.0.0.0/8".into()),
            ("CONTEST_ADMIN_NAME", "admin".into()),
            ("CONTEST_ADMIN_PASSWORD_FILE", self.dir.join(secrets::ADMIN).into()),
            ("CONTEST_TOKEN_SECRET_FILE", self.dir.join(secrets::TOKEN).into()),
        ];
        self.start("api", number, metrics, settings)
    }

    pub(crate) fn worker(&self, number: u32, metrics: SocketAddr) -> Result<Host, Box<dyn Error>> {
        let settings = vec![("STAGEMARK_LEASE_S", LEASE_S.into()), ("STAGEMARK_SLOTS", SLOTS.into())];
        self.start("worker", number, metrics, settings)
    }

    /// Starts a program that is beside this one.
    fn start(&self, kind: &str, number: u32, metrics: SocketAddr, settings: Settings) -> Result<Host, Box<dyn Error>> {
        let program = env::current_exe()?.with_file_name(format!("stagemark-contest-{kind}"));
        if !program.is_file() {
            let build = "build it first, as cargo xtask showcase --cluster and cargo xtask test do";
            return Err(format!("{} is not there: {build}", program.display()).into());
        }
        let log = self.dir.join(format!("{kind}-{number}.log"));
        let output = File::options().create(true).append(true).open(&log)?;
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "TERM", "--"]).arg(program).envs(settings);
        command.env("STAGEMARK_LISTEN", metrics.to_string());
        command.env("STAGEMARK_SCRATCH_FOLDER", self.dir.join(format!("scratch-{kind}-{number}")));
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output).kill_on_drop(true);
        // A key that interrupts this process would reach the hosts too, and each is told to stop in its turn.
        command.process_group(0);
        let child = command.spawn().map_err(|error| format!("setpriv, of util-linux, cannot be started: {error}"))?;
        Ok(Host { name: format!("{kind} host {number}"), log, metrics, child })
    }
}

impl Host {
    /// Says so where it has ended.
    pub(crate) fn lives(&mut self) -> Result<(), Box<dyn Error>> {
        match self.child.try_wait()? {
            Some(status) => Err(format!("{} has ended, with {status}: see {}", self.name, self.log.display()).into()),
            None => Ok(()),
        }
    }

    /// Lets it finish what it does. It may have been killed before.
    pub(crate) async fn stop(&mut self) -> Result<(), Box<dyn Error>> {
        if self.child.try_wait()?.is_none()
            && let Some(id) = self.child.id()
        {
            Command::new("kill").args(["-s", "TERM", &id.to_string()]).status().await?;
        }
        self.child.wait().await?;
        Ok(())
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = self.child.id().unwrap_or_default();
        write!(f, "{} is process {id}, with metrics at http://{}/metrics", self.name, self.metrics)
    }
}
