//! The showcase as a cluster, on private servers.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::{harm::tails, host::page};

/// How long a host is waited for that has something to do.
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(5);

/// A cluster; told to stop when dropped.
pub(crate) struct Cluster {
    child: Child,
    folder: PathBuf,
    hosts: Vec<Host>,
    pub(crate) url: String,
}

/// A host of the cluster, as the cluster tells of it.
struct Host {
    name: String,
    process: String,
    metrics: String,
}

impl Host {
    fn of(line: &str) -> Option<Self> {
        let (name, rest) = line.split_once(" is process ")?;
        let (process, metrics) = rest.split_once(", with metrics at ")?;
        Some(Self { name: name.to_owned(), process: process.to_owned(), metrics: metrics.to_owned() })
    }

    /// What a gauge of this host shows.
    fn shown(&self, metric: &str) -> Result<f64, String> {
        let page = reqwest::blocking::get(&self.metrics).and_then(reqwest::blocking::Response::text);
        let page = page.map_err(|error| format!("{} shows no metrics: {error}", self.name))?;
        let value = page.lines().find_map(|line| line.strip_prefix(metric)?.strip_prefix(' ')?.parse().ok());
        // It is not shown before it is set.
        Ok(value.unwrap_or_default())
    }
}

impl Cluster {
    /// Starts one, and waits until it is there.
    pub(crate) fn start(folder: &Path) -> Self {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "TERM", "--", env!("CARGO_BIN_EXE_stagemark-contest-cluster")]);
        command.arg("--dir").arg(folder).arg("--web").arg(page());
        command.env("DATABASE_URL", stagemark_services::database_url().unwrap());
        command.env("AMQP_URL", stagemark_services::amqp_url().unwrap());
        command.env("REDIS_URL", stagemark_services::redis_url().unwrap());
        let store = stagemark_services::s3_address().unwrap();
        command.env("S3_ENDPOINT", store.endpoint).env("S3_BUCKET", store.bucket);
        command.env("AWS_ACCESS_KEY_ID", store.access_key_id);
        command.env("AWS_SECRET_ACCESS_KEY", store.secret_access_key.reveal());
        let log = File::create(folder.join("cluster.log")).unwrap();
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let said: Vec<_> = lines.by_ref().take_while(|line| !line.starts_with("Ctrl-C")).collect();
        thread::spawn(move || lines.for_each(drop));
        let url = said.iter().find_map(|line| line.strip_prefix("The contest is at ")).unwrap_or_default().to_owned();
        let hosts = said.iter().filter_map(|line| Host::of(line)).collect();
        let cluster = Self { child, folder: folder.to_owned(), hosts, url };
        assert!(cluster.hosts.len() == 4 && !cluster.url.is_empty(), "it did not start: {said:?}{}", cluster.logs());
        cluster
    }

    pub(crate) fn admin_password(&self) -> String {
        fs::read_to_string(self.folder.join("admin-password")).unwrap()
    }

    /// The ends of what the cluster and its hosts have said.
    pub(crate) fn logs(&self) -> String {
        let names = ["cluster.log", "front/log", "api-1.log", "api-2.log", "worker-1.log", "worker-2.log"];
        tails(&names.map(|name| self.folder.join(name)))
    }

    /// Kills the host of this kind for which the gauge shows most, once one has something to do: without a word, as the
    /// loss of power would.
    pub(crate) fn kill_busiest(&self, kind: &str, metric: &str) -> Result<(), String> {
        let hosts: Vec<&Host> = self.hosts.iter().filter(|host| host.name.starts_with(kind)).collect();
        let began = Instant::now();
        loop {
            let shown =
                hosts.iter().map(|host| Ok((host.shown(metric)?, *host))).collect::<Result<Vec<_>, String>>()?;
            if let Some((_, busiest)) =
                shown.iter().filter(|(value, _)| *value > 0.0).max_by(|one, other| one.0.total_cmp(&other.0))
            {
                let killed = Command::new("kill").args(["-9", &busiest.process]).status();
                let killed = killed.map_err(|error| format!("kill cannot be started: {error}"))?;
                return if killed.success() { Ok(()) } else { Err(format!("{} was not there to kill", busiest.name)) };
            }
            if began.elapsed() > PATIENCE {
                return Err(format!("no {kind} host has shown {metric} for {PATIENCE:?}{}", self.logs()));
            }
            thread::sleep(LOOK);
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // It ends its hosts and its front, which would stay after a kill.
        let _told = Command::new("kill").args(["-s", "TERM", &self.child.id().to_string()]).status();
        let _status = self.child.wait();
    }
}
