//! A host of the API: from settings to a socket, and to an end that answers what was asked.

use std::{error::Error, io, net::SocketAddr, path::PathBuf};

use clap::{Parser, Subcommand};
use secrecy::ExposeSecret;
use stagemark::ports::StoreError;
use stagemark_blob::{LocalArtifacts, S3Artifacts, S3Options};
use stagemark_contest_lists::Latest;
use stagemark_contest_ranking::{Options, Rankings};
use stagemark_contest_records::{Records, RecordsError};
use stagemark_redis::{Redis, RedisError};
use stagemark_sql::SqlStore;
use stagemark_worker::{
    Address, ArtifactPlace, Environment, S3Place, Settings, SettingsError, Source, Worker, WorkerError,
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{Api, ApiError, ContestSettings, KEYS, Parts, Uploads, document, router, serve};

/// Answers the contest's page.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// The settings, in TOML; variables of the environment come first
    #[arg(long, value_name = "FILE", env = "CONTEST_CONFIG")]
    config: Option<PathBuf>,
    /// Write the description of the API to the standard output, and end
    #[arg(long)]
    openapi: bool,
    #[command(subcommand)]
    order: Option<Order>,
}

/// What else is done than to answer.
#[derive(Clone, Copy, Debug, Subcommand)]
enum Order {
    /// Bring the tables of the engine and of the contest up to date, as the owner of the database, and end
    Migrate,
}

/// Why a host of the API did not start, or ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// The settings cannot be used.
    #[error("the settings cannot be used")]
    Settings(#[from] SettingsError),
    /// What every host of an engine needs is not there.
    #[error("the engine's host cannot start")]
    Worker(#[from] WorkerError),
    /// The engine's tables cannot be brought up to date.
    #[error("the engine's tables cannot be brought up to date")]
    Store(#[from] StoreError),
    /// The contest's tables are not there.
    #[error("the contest's tables cannot be used")]
    Records(#[from] RecordsError),
    /// Redis cannot be used.
    #[error("what all hosts share cannot be kept in Redis")]
    Redis(#[from] RedisError),
    /// The API cannot be made.
    #[error("the API cannot be made")]
    Api(#[from] ApiError),
    /// Files cannot come in.
    #[error("the artifact store cannot be opened for uploads")]
    Uploads {
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The address cannot be listened on.
    #[error("{address} cannot be listened on; another process may be there, see the setting `api_listen`")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The description cannot be written.
    #[error("the description of the API cannot be written")]
    Describe(#[source] Box<dyn Error + Send + Sync>),
}

/// Runs as the command line and the environment say, until the process is told to stop.
pub async fn run() -> Result<(), HostError> {
    let Arguments { config, openapi, order } = Arguments::parse();
    if openapi {
        return describe();
    }
    let environment = Environment::of_process();
    let source = Source::open(config.as_deref(), &environment, KEYS)?;
    let worker = Settings::of(&source)?;
    match order {
        Some(Order::Migrate) => migrate(worker.database.expose()).await,
        None => start(worker, ContestSettings::of(&source)?).await,
    }
}

/// Hosts have no right to make tables where their roles are as `docs/deploy.md` has them.
async fn migrate(database: &str) -> Result<(), HostError> {
    drop(SqlStore::open(database).await?);
    drop(Records::open(database).await?);
    Ok(())
}

/// The engine of this host serves no workflow: it submits runs and tells how far they are.
async fn start(worker: Settings, settings: ContestSettings) -> Result<(), HostError> {
    let host = Worker::new(worker).start().await?;
    let records = Records::open(host.settings().database.expose()).await?;
    let uploads = uploads(&host.settings().artifacts, &settings).await?;
    let redis = match host.settings().redis.as_ref().map(Address::expose) {
        Some(url) => Some(Redis::connect(url).await?),
        None => None,
    };
    let rankings = Rankings::of(redis.clone(), records.clone(), Options::new(settings.weights));
    let latest = Latest::of(redis.clone(), records.clone());
    let parts = Parts { records, engine: host.engine().clone(), uploads, rankings, latest, redis };
    let api = Api::start(parts, settings.clone()).await?;
    let address = settings.listen;
    let listener = TcpListener::bind(address).await.map_err(|source| HostError::Listen { address, source })?;
    let stop = CancellationToken::new();
    let router = router(&api).merge(host.health());
    let served = tokio::spawn({
        let (settings, stop) = (settings.clone(), stop.clone());
        async move {
            tokio::select! {
                () = serve(listener, router, &settings, stop) => {}
                never = api.tend() => match never {},
            }
        }
    });
    tracing::info!(%address, origin = %settings.public_origin, "API started");
    let told = host.until_told_before(async move {
        stop.cancel();
        let _ended = served.await;
    });
    told.await?;
    Ok(())
}

/// Where files come in: where the engine keeps its artifacts.
async fn uploads(place: &ArtifactPlace, settings: &ContestSettings) -> Result<Uploads, HostError> {
    let failed = |source| HostError::Uploads { source };
    match place {
        ArtifactPlace::Folder(folder) => {
            let opened = LocalArtifacts::open(folder).map_err(|error| failed(error.into()))?;
            Ok(Uploads::folder(opened, &settings.token_secret))
        }
        ArtifactPlace::S3(place) => {
            let mut options = options(place);
            if let Some(origin) = &settings.store_origin {
                // A signature holds for one host: the one that browsers ask.
                options = options.public_endpoint(origin.as_str().trim_end_matches('/'));
            }
            let opened = S3Artifacts::open(options).await.map_err(|error| failed(error.into()))?;
            Ok(Uploads::bucket(opened))
        }
        _ => Err(failed("the API knows folders and buckets alone".into())),
    }
}

fn options(place: &S3Place) -> S3Options {
    let mut options = S3Options::new(&place.bucket).region(&place.region);
    if let Some(endpoint) = &place.endpoint {
        options = options.endpoint(endpoint.expose());
    }
    match &place.keys {
        Some((id, key)) => options.credentials(id.expose_secret(), key.expose_secret()),
        None => options,
    }
}

fn describe() -> Result<(), HostError> {
    use std::io::Write as _;
    let text = document().to_pretty_json().map_err(|error| HostError::Describe(error.into()))?;
    writeln!(io::stdout(), "{text}").map_err(|error| HostError::Describe(error.into()))
}
