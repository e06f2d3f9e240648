//! The whole contest as it is deployed, on one machine: nginx before two API hosts, two worker hosts, and the servers that
//! the environment names.
//!
//! `cargo xtask showcase --cluster` starts the servers first. Any of the hosts may be killed: the others go on.

use std::{
    env,
    error::Error,
    fs::File,
    io,
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use clap::Parser;
use stagemark_contest::secrets;
use stagemark_services::{Front, Pair, Site};
use tokio::{
    net::TcpStream,
    process::{Child, Command},
    signal::unix::{SignalKind, signal},
    time::sleep,
};

/// Short, so that the other worker soon takes over from one that is killed.
const LEASE_S: &str = "5";
/// Few, so that both workers have something to do.
const SLOTS: &str = "2";
/// How long a host may take to be there.
const PATIENCE: Duration = Duration::from_mins(1);
const LOOK: Duration = Duration::from_millis(50);
/// What every host is told by: a server each.
const SERVERS: [&str; 4] = ["DATABASE_URL", "AMQP_URL", "REDIS_URL", "S3_ENDPOINT"];

/// A short-video contest on Stagemark, as a cluster.
#[derive(Debug, Parser)]
struct Arguments {
    /// The folder of the secrets, the certificate and the logs; it is made where there is none
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// The folder of the page's files
    #[arg(long, value_name = "DIR")]
    web: PathBuf,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let Arguments { dir, web } = Arguments::parse();
    if let Some(missing) = SERVERS.iter().find(|name| env::var_os(name).is_none()) {
        return Err(format!("{missing} is not set: start this by cargo xtask showcase --cluster").into());
    }
    std::fs::create_dir_all(&dir).map_err(|error| format!("{}: {error}", dir.display()))?;
    let (_token, _admin) = (secrets::token(&dir)?, secrets::admin(&dir)?);

    let addresses = [free()?, free()?];
    let front = front(&dir, &web, &addresses)?;
    let hosts = Hosts { dir: &dir, origin: front.url() };
    let mut running =
        vec![hosts.api(1, addresses[0])?, hosts.api(2, addresses[1])?, hosts.worker(1)?, hosts.worker(2)?];
    for address in addresses {
        there(address).await?;
    }
    println!("The contest is at {}", front.url());
    println!("Its certificate is {}: nobody else vouches for it.", dir.join("tls/certificate.pem").display());
    println!("The operators' page is for admin, with the password in {}", dir.join(secrets::ADMIN).display());
    for host in &running {
        println!("{} is process {}", host.name, host.child.id().unwrap_or_default());
    }
    println!("Ctrl-C stops it; the servers go on: cargo xtask services down");

    told_to_stop().await?;
    for host in &mut running {
        host.stop().await?;
    }
    front.stop()?;
    Ok(())
}

/// An address that nobody listens at. Whoever takes it meanwhile is told of by the host that cannot have it.
fn free() -> io::Result<SocketAddr> {
    TcpListener::bind("127.0.0.1:0")?.local_addr()
}

/// nginx, with the configuration that is deployed.
fn front(dir: &Path, web: &Path, apis: &[SocketAddr]) -> Result<Front, Box<dyn Error>> {
    let pair = Pair::self_signed(&dir.join("tls"), &["localhost", "127.0.0.1"])?;
    let endpoint = env::var("S3_ENDPOINT")?;
    let store = endpoint.trim_start_matches("http://").trim_end_matches('/').parse();
    let store =
        store.map_err(|_| "S3_ENDPOINT must be http://ADDRESS:PORT: the front passes what is signed on to it")?;
    let site = Site::new(web, pair).store(store, &env::var("S3_BUCKET")?);
    Ok(Front::up_serving(dir, &apis.iter().fold(site, |site, api| site.api(*api)))?)
}

/// Waits until something listens there.
async fn there(address: SocketAddr) -> Result<(), String> {
    let began = Instant::now();
    while TcpStream::connect(address).await.is_err() {
        if began.elapsed() > PATIENCE {
            return Err(format!("nothing listens at {address}: see the logs of the API hosts"));
        }
        sleep(LOOK).await;
    }
    Ok(())
}

async fn told_to_stop() -> io::Result<()> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}

/// How hosts are started.
struct Hosts<'a> {
    dir: &'a Path,
    /// The page, as browsers see it; signed URLs are for it too.
    origin: String,
}

/// A host in a process of its own; killed when dropped.
struct Host {
    name: String,
    child: Child,
}

impl Hosts<'_> {
    fn api(&self, number: u32, address: SocketAddr) -> Result<Host, Box<dyn Error>> {
        let mut command = self.command("stagemark-contest-api", &format!("api-{number}"))?;
        command.env("CONTEST_API_LISTEN", address.to_string());
        command.env("CONTEST_PUBLIC_ORIGIN", &self.origin).env("CONTEST_STORE_ORIGIN", &self.origin);
        command.env("CONTEST_TRUSTED_PROXIES", "127.0.0.0/8").env("CONTEST_ADMIN_NAME", "admin");
        command.env("CONTEST_ADMIN_PASSWORD_FILE", self.dir.join(secrets::ADMIN));
        command.env("CONTEST_TOKEN_SECRET_FILE", self.dir.join(secrets::TOKEN));
        Ok(Host { name: format!("API host {number}"), child: command.spawn()? })
    }

    fn worker(&self, number: u32) -> Result<Host, Box<dyn Error>> {
        let mut command = self.command("stagemark-contest-worker", &format!("worker-{number}"))?;
        command.env("STAGEMARK_LEASE_S", LEASE_S).env("STAGEMARK_SLOTS", SLOTS);
        Ok(Host { name: format!("worker host {number}"), child: command.spawn()? })
    }

    /// A program beside this one, whose log has this name.
    fn command(&self, program: &str, name: &str) -> Result<Command, Box<dyn Error>> {
        let log = File::options().create(true).append(true).open(self.dir.join(format!("{name}.log")))?;
        let mut command = Command::new(env::current_exe()?.with_file_name(program));
        command
            .env("STAGEMARK_LISTEN", "off")
            .env("STAGEMARK_SCRATCH_FOLDER", self.dir.join(format!("scratch-{name}")));
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).kill_on_drop(true);
        // A key that interrupts this process would reach the hosts too, and each is told to stop in its turn.
        command.process_group(0);
        Ok(command)
    }
}

impl Host {
    /// Lets it finish what it does.
    async fn stop(&mut self) -> Result<(), Box<dyn Error>> {
        if let Some(id) = self.child.id() {
            Command::new("kill").args(["-s", "TERM", &id.to_string()]).status().await?;
        }
        self.child.wait().await?;
        Ok(())
    }
}
