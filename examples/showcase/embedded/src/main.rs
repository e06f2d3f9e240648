//! The whole contest in one process: runs and rows in a `SQLite` file, videos in a folder, the API and the page on a port.
//!
//! Stop it in any way and start it again: every run goes on from its markers.

use std::{error::Error, io, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use clap::Parser;
use stagemark::{Builder, Engine};
use stagemark_blob::LocalArtifacts;
use stagemark_contest::secrets;
use stagemark_contest_api::{Api, ContestSettings, Parts, Shared, Uploads, router};
use stagemark_contest_lists::Latest;
use stagemark_contest_ranking::{Options, Rankings, settings, steps::Refresh};
use stagemark_contest_records::Records;
use stagemark_contest_worker::{Places, Upkeep, erase, publish};
use stagemark_sql::SqlStore;
use stagemark_worker::{Environment, Source};
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

/// A step that runs when the process is told to stop gets so long; what is not done by then goes on at the next start.
const GRACE: Duration = Duration::from_secs(2);
/// The name of the admin whose password is made at the first start.
const ADMIN: &str = "admin";
/// How many ports are tried, from the one that is asked for on, where others listen already.
const PORTS: u16 = 20;

/// A short-video contest on Stagemark, in one process.
#[derive(Debug, Parser)]
struct Arguments {
    /// The folder of the database, the videos and the secrets; it is made where there is none
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// Where the page is; the next free port where another listens there
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// The folder of the page's files
    #[arg(long, value_name = "DIR")]
    web: PathBuf,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let options = Arguments::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).init();
    if !options.web.join("index.html").is_file() {
        return Err(format!("{} has no index.html: build the page first", options.web.display()).into());
    }
    std::fs::create_dir_all(&options.dir).map_err(|error| format!("{}: {error}", options.dir.display()))?;
    let listener = listen(options.listen).await?;
    let origin = format!("http://{}", listener.local_addr()?);

    let api = open(&options, &origin).await?;
    println!("The contest is at {origin}");
    println!("The operators' page is for {ADMIN}, with the password in {}", options.dir.join(secrets::ADMIN).display());
    println!("Ctrl-C stops it; started again, every run goes on.");
    let serve = axum::serve(listener, router(&api).into_make_service_with_connect_info::<SocketAddr>());
    tokio::select! {
        served = serve.into_future() => served?,
        told = stop() => told?,
        never = api.tend() => match never {},
    }
    api.engine.shutdown(GRACE).await;
    Ok(())
}

/// All parts, on the folder.
async fn open(options: &Arguments, origin: &str) -> Result<Shared, Box<dyn Error>> {
    let dir = &options.dir;
    let url = format!("sqlite://{}", dir.join("contest.db").display());
    let store = SqlStore::open(&url).await?;
    let records = Records::open(&url).await?;
    let artifacts = LocalArtifacts::open(dir.join("artifacts"))?;
    let latest = Latest::of(None, records.clone());
    let places = Places { records: records.clone(), store: Arc::new(store.clone()), latest: latest.clone() };
    let engine = Engine::builder(store).artifacts(artifacts.clone()).scratch(dir.join("scratch"));
    let weights = settings::weights(&Source::open(None, &Environment::of_process(), &settings::KEYS)?)?;
    let rankings = Rankings::open(None, records.clone(), Options::new(weights)).await?;
    let refresh = Refresh::new(records.clone(), rankings.clone(), latest.clone());
    let upkeep = Upkeep { records: records.clone(), rankings: rankings.clone(), latest: latest.clone(), weights };
    let engine = engine.serve(publish(refresh)).serve(erase(places));
    let engine = upkeep.definitions().into_iter().fold(engine, Builder::serve);
    let engine = Upkeep::schedules()?.into_iter().fold(engine, Builder::schedule).start().await?;

    let token_secret = secrets::token(dir)?;
    let uploads = Uploads::folder(artifacts, &token_secret);
    let mut settings = ContestSettings::new(origin.parse()?, token_secret);
    settings.admin = Some((ADMIN.to_owned(), secrets::admin(dir)?));
    settings.web_folder = Some(options.web.clone());
    Ok(Api::start(Parts { records, engine, uploads, rankings, latest, redis: None }, settings).await?)
}

/// The address that is asked for, or the next that is free.
async fn listen(asked: SocketAddr) -> Result<TcpListener, String> {
    let mut address = asked;
    for _ in 0..PORTS {
        match TcpListener::bind(address).await {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && address.port() != 0 => {
                address.set_port(address.port().saturating_add(1));
            }
            bound => return bound.map_err(|error| format!("{address} cannot be listened at: {error}")),
        }
    }
    Err(format!("others listen at {asked} and the {PORTS} ports from there on; name another by --listen"))
}

/// Returns when the process is told to stop.
async fn stop() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}
