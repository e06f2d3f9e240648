//! The whole contest in one process: runs and rows in a `SQLite` file, videos in a folder, the API and the page on a port.
//!
//! Stop it in any way and start it again: every run goes on from its markers.

mod listen;

use std::{error::Error, io, net::SocketAddr, path::PathBuf, process::ExitCode, sync::Arc, time::Duration};

use clap::Parser;
use stagemark::{Builder, Engine};
use stagemark_blob::LocalArtifacts;
use stagemark_contest::{ended, secrets};
use stagemark_contest_api::{Api, ContestSettings, Parts, Shared, Uploads, router, serve};
use stagemark_contest_lists::Latest;
use stagemark_contest_ranking::{Options, Rankings, settings, steps::Refresh};
use stagemark_contest_records::Records;
use stagemark_contest_worker::{Places, Upkeep, erase, publish};
use stagemark_sql::SqlStore;
use stagemark_worker::{Environment, Source};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

/// A step that runs when the process is told to stop gets so long; what is not done by then goes on at the next start.
const GRACE: Duration = Duration::from_secs(2);
/// The name of the admin whose password is made at the first start.
const ADMIN: &str = "admin";

/// A short-video contest on Stagemark, in one process.
#[derive(Debug, Parser)]
struct Arguments {
    /// The folder of the database, the videos and the secrets; it is made where there is none
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// Where the page is, and nowhere else; without it 127.0.0.1:8080, or the next free port where another listens there
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// The folder of the page's files
    #[arg(long, value_name = "DIR")]
    web: PathBuf,
}

#[tokio::main]
async fn main() -> ExitCode {
    ended(run().await)
}

async fn run() -> Result<(), Box<dyn Error>> {
    let options = Arguments::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).init();
    if !options.web.join("index.html").is_file() {
        return Err(format!("{} has no index.html: build the page first", options.web.display()).into());
    }
    std::fs::create_dir_all(&options.dir).map_err(|error| format!("{}: {error}", options.dir.display()))?;
    let listener = listen::listen(options.listen).await?;
    let mut signals = Signals::listen()?;
    let origin = format!("http://{}", listener.local_addr()?);

    let api = open(&options, &origin).await?;
    println!("The contest is at {origin}");
    println!("The operators' page is for {ADMIN}, with the password in {}", options.dir.join(secrets::ADMIN).display());
    println!("Ctrl-C stops it; started again, every run goes on.");
    let stop = CancellationToken::new();
    let (router, settings, told) = (router(&api), api.settings.clone(), stop.clone());
    let served = tokio::spawn(async move { serve(listener, router, &settings, told).await });
    tokio::select! {
        () = signals.next() => stop.cancel(),
        never = api.tend() => match never {},
    }
    let end = async {
        served.await?;
        api.engine.shutdown(GRACE).await;
        Ok(())
    };
    tokio::select! {
        ended = end => ended,
        // Who tells it twice does not want to wait for what is being answered.
        () = signals.next() => Ok(()),
    }
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

/// What tells the process to stop.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
