//! The whole contest as it is deployed, on one machine: nginx before two API hosts, two worker hosts, and the servers that
//! the environment names.
//!
//! `cargo xtask showcase --cluster` starts the servers first. Any of the hosts may be killed: the others go on.

mod hosts;

use std::{
    env,
    error::Error,
    io,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::ExitCode,
    time::{Duration, Instant},
};

use clap::Parser;
use stagemark_contest::{ended, secrets};
use stagemark_services::{Front, Pair, ServiceError, Site, free_ports};
use tokio::{
    net::TcpStream,
    signal::unix::{SignalKind, signal},
    time::sleep,
};

use crate::hosts::{Host, Hosts};

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
    /// Where the page is, at 127.0.0.1; without it a free port, and the same one at each start
    #[arg(long, value_name = "ADDRESS", value_parser = here)]
    listen: Option<SocketAddr>,
}

/// The certificate is for nobody else.
fn here(text: &str) -> Result<SocketAddr, String> {
    let address: SocketAddr = text.parse().map_err(|_| "an address is written as 127.0.0.1:8443".to_owned())?;
    if address.ip() == Ipv4Addr::LOCALHOST && address.port() != 0 {
        return Ok(address);
    }
    Err("the front listens at a port of 127.0.0.1 alone, as in 127.0.0.1:8443".to_owned())
}

#[tokio::main]
async fn main() -> ExitCode {
    ended(run().await)
}

async fn run() -> Result<(), Box<dyn Error>> {
    let Arguments { dir, web, listen } = Arguments::parse();
    if let Some(missing) = SERVERS.iter().find(|name| env::var_os(name).is_none()) {
        return Err(format!("{missing} is not set: start this by cargo xtask showcase --cluster").into());
    }
    std::fs::create_dir_all(&dir).map_err(|error| format!("{}: {error}", dir.display()))?;
    let (_token, _admin) = (secrets::token(&dir)?, secrets::admin(&dir)?);

    let ports = free_ports(6)?.into_iter();
    let free: Vec<_> = ports.map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port))).collect();
    let (apis, metrics) = free.split_at(2);
    let front = front(&dir, site(&dir, &web, apis)?, listen)?;
    let hosts = Hosts { dir: &dir, origin: front.url() };
    let mut running = vec![
        hosts.api(1, apis[0], metrics[0])?,
        hosts.api(2, apis[1], metrics[1])?,
        hosts.worker(1, metrics[2])?,
        hosts.worker(2, metrics[3])?,
    ];
    for address in &free {
        there(*address, &mut running).await?;
    }
    println!("The contest is at {}", front.url());
    println!("Its certificate is {}: nobody else vouches for it.", dir.join("tls/certificate.pem").display());
    println!("The operators' page is for admin, with the password in {}", dir.join(secrets::ADMIN).display());
    for host in &running {
        println!("{host}");
    }
    println!("Ctrl-C stops it; the servers go on.");

    told_to_stop().await?;
    for host in &mut running {
        host.stop().await?;
    }
    front.stop()?;
    Ok(())
}

/// What is served: the page, the API hosts, and the store, to which the front passes what is signed.
fn site(dir: &Path, web: &Path, apis: &[SocketAddr]) -> Result<Site, Box<dyn Error>> {
    let pair = Pair::self_signed(&dir.join("tls"), &["localhost", "127.0.0.1"])?;
    let endpoint = env::var("S3_ENDPOINT")?;
    let store = endpoint.trim_start_matches("http://").trim_end_matches('/').parse();
    let store =
        store.map_err(|_| "S3_ENDPOINT must be http://ADDRESS:PORT: the front passes what is signed on to it")?;
    let site = Site::new(web, pair).store(store, &env::var("S3_BUCKET")?);
    Ok(apis.iter().fold(site, |site, api| site.api(*api)))
}

/// nginx, with the configuration that is deployed.
fn front(dir: &Path, site: Site, listen: Option<SocketAddr>) -> Result<Front, ServiceError> {
    let site = listen.into_iter().fold(site, |site, address| site.port(address.port()));
    Front::start_serving(dir, &site)
}

/// Waits until a host listens there, while all of them live.
async fn there(address: SocketAddr, running: &mut [Host]) -> Result<(), Box<dyn Error>> {
    let began = Instant::now();
    while TcpStream::connect(address).await.is_err() {
        running.iter_mut().try_for_each(Host::lives)?;
        if began.elapsed() > PATIENCE {
            return Err(format!("nothing listens at {address}: see the logs of the hosts").into());
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
