//! Settings: from a file and the environment, checked before anything is opened.

mod address;
mod error;
mod keys;
mod source;

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use secrecy::SecretString;

pub use address::Address;
pub use error::SettingsError;
pub use keys::Key;
pub use source::{Environment, Given, Source};

const SLOTS: &str = "a whole number from 1 to 100000";
const NAMES: &str = "names of 1 to 64 lower-case letters, digits and dashes, with commas between them";

/// What a worker is told from outside; `docs/operate.md` lists the names, the units and the defaults.
///
/// ```
/// use stagemark_worker::{Environment, Settings};
///
/// let environment = Environment::from([("DATABASE_URL", "postgres://anna:hunter2@db/runs"), ("STAGEMARK_SLOTS", "8")]);
/// let settings = Settings::read(None, &environment)?;
/// assert_eq!(settings.slots, 8);
/// assert!(!format!("{settings:?}").contains("hunter2"));
/// # Ok::<(), stagemark_worker::SettingsError>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// The database (default `sqlite://stagemark.db`).
    pub database: Address,
    /// The broker; without, the database itself wakes workers.
    pub broker: Option<Address>,
    /// The Redis server, or one of a cluster.
    pub redis: Option<Address>,
    /// Where artifacts are kept.
    pub artifacts: ArtifactPlace,
    /// The pools that the worker belongs to (default: the one named `default`).
    pub pools: Vec<String>,
    /// How many attempts run at a time (default 256).
    pub slots: u32,
    /// How many of them may be of a step, by its name.
    pub slots_of: BTreeMap<String, u32>,
    /// Whether groups of fusible steps are run in one pass (default), or every step alone.
    pub fusion: bool,
    /// How long a lease holds without a sign of life (default 10 s).
    pub lease: Duration,
    /// How often the queue is looked into at least (default 1 s).
    pub poll: Duration,
    /// How long steps that run may go on once the worker was told to stop (default 30 s).
    pub grace: Duration,
    /// Where attempts have their scratch folders (default: below the system's folder for temporary files).
    pub scratch_folder: Option<PathBuf>,
    /// How many bytes of artifacts a worker keeps there too, so that the next step of a run need not fetch them (default
    /// 1 GiB for artifacts in a bucket, and none for those in a local folder).
    pub local_cache_bytes: u64,
    /// Where health and metrics are served (default `127.0.0.1:9464`); `None` for nowhere.
    pub listen: Option<SocketAddr>,
    /// How the log is written (default: for people).
    pub log: LogFormat,
    /// The collector that traces are sent to by OTLP over HTTP; without, they are not sent.
    pub otlp: Option<Address>,
}

/// Where artifacts are kept.
///
/// ```
/// use stagemark_worker::{ArtifactPlace, Environment, Settings};
///
/// let settings = Settings::read(None, &Environment::default())?;
/// assert!(matches!(settings.artifacts, ArtifactPlace::Folder(folder) if folder.ends_with("artifacts")));
/// # Ok::<(), stagemark_worker::SettingsError>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ArtifactPlace {
    /// In a local folder (default: `artifacts`).
    Folder(PathBuf),
    /// In a bucket of a server that speaks S3.
    S3(S3Place),
}

/// A bucket of a server that speaks S3; see [`ArtifactPlace`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct S3Place {
    /// The server; without, the one of AWS in the region.
    pub endpoint: Option<Address>,
    /// The bucket.
    pub bucket: String,
    /// The region (default `us-east-1`).
    pub region: String,
    /// The id of a key and the key; without, what AWS's own tools would find on this machine.
    pub keys: Option<(SecretString, SecretString)>,
}

/// How the log is written.
///
/// ```
/// use stagemark_worker::{Environment, LogFormat, Settings};
///
/// let settings = Settings::read(None, &Environment::from([("STAGEMARK_LOG", "json")]))?;
/// assert_eq!(settings.log, LogFormat::Json);
/// # Ok::<(), stagemark_worker::SettingsError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum LogFormat {
    /// Lines for people.
    #[default]
    Human,
    /// A JSON object a line, for programs.
    Json,
}

impl Settings {
    /// Reads a file in TOML, if one is named, and the environment, whose variables come first.
    pub fn read(file: Option<&Path>, environment: &Environment) -> Result<Self, SettingsError> {
        Self::of(&Source::open(file, environment, &[])?)
    }

    /// The settings of a worker, in a source that may have more.
    pub fn of(source: &Source<'_>) -> Result<Self, SettingsError> {
        let milliseconds = |key| whole(source, key, 3_600_000).map(|number| number.map(Duration::from_millis));
        let seconds = |key| whole(source, key, 86_400).map(|number| number.map(Duration::from_secs));
        let artifacts = artifacts(source)?;
        let usual_cache = if matches!(artifacts, ArtifactPlace::S3(_)) { 1 << 30 } else { 0 };
        Ok(Self {
            database: address(source, "database_url", &["sqlite", "postgres", "postgresql"])?
                .unwrap_or_else(|| Address::new("sqlite://stagemark.db")),
            broker: address(source, "amqp_url", &["amqp", "amqps"])?,
            redis: address(source, "redis_url", REDIS)?,
            artifacts,
            pools: source.get("pools")?.map_or_else(|| Ok(vec!["default".to_owned()]), |given| pools(&given))?,
            slots: source.get("slots")?.map_or(Ok(256), |given| slots(&given, &given.text))?,
            slots_of: source.get("slots_of")?.map_or_else(|| Ok(BTreeMap::new()), |given| slots_of(&given))?,
            fusion: source.get("fusion")?.map_or(Ok(true), |given| given.parse("true or false"))?,
            lease: seconds("lease_s")?.unwrap_or(Duration::from_secs(10)),
            poll: milliseconds("poll_ms")?.unwrap_or(Duration::from_secs(1)),
            grace: seconds("grace_s")?.unwrap_or(Duration::from_secs(30)),
            scratch_folder: source.get("scratch_folder")?.map(|given| given.text.into()),
            local_cache_bytes: source
                .get("local_cache_bytes")?
                .map_or(Ok(usual_cache), |given| given.parse("a whole number of bytes"))?,
            listen: source.get("listen")?.map_or_else(|| Ok(Some(LISTEN.into())), |given| listen(&given))?,
            log: source.get("log")?.map_or(Ok(LogFormat::Human), |given| log(&given))?,
            otlp: address(source, "otlp_endpoint", &["http", "https"])?,
        })
    }
}

const REDIS: &[&str] = &["redis", "rediss", "redis-cluster", "rediss-cluster", "valkey", "valkeys"];
const KEY_ID: &str = "AWS_ACCESS_KEY_ID";
const KEY: &str = "AWS_SECRET_ACCESS_KEY";
const LISTEN: ([u8; 4], u16) = ([127, 0, 0, 1], 9464);

/// A number of milliseconds or seconds, from 0.
fn whole(source: &Source<'_>, key: &str, most: u64) -> Result<Option<u64>, SettingsError> {
    const EXPECTED: &str = "a whole number, of milliseconds up to an hour or of seconds up to a day";
    let Some(given) = source.get(key)? else { return Ok(None) };
    let number = given.parse(EXPECTED)?;
    if number > most { Err(given.invalid(EXPECTED)) } else { Ok(Some(number)) }
}

fn address(source: &Source<'_>, key: &str, schemes: &[&str]) -> Result<Option<Address>, SettingsError> {
    let Some(given) = source.get(key)? else { return Ok(None) };
    let address = Address::new(given.text.trim());
    if schemes.contains(&address.scheme()) {
        return Ok(Some(address));
    }
    Err(given.invalid(match key {
        "database_url" => "a URL that begins with sqlite: or postgres:",
        "amqp_url" => "a URL that begins with amqp: or amqps:",
        "redis_url" => "a URL that begins with redis: or rediss:",
        _ => "a URL that begins with http: or https:",
    }))
}

fn artifacts(source: &Source<'_>) -> Result<ArtifactPlace, SettingsError> {
    let endpoint = address(source, "s3_endpoint", &["http", "https"])?;
    let folder = source.get("artifacts_folder")?;
    let Some(bucket) = source.get("s3_bucket")? else {
        return match endpoint {
            Some(_) => Err(SettingsError::Alone { name: "S3_ENDPOINT", needs: "S3_BUCKET" }),
            None => Ok(ArtifactPlace::Folder(folder.map_or_else(|| "artifacts".into(), |given| given.text.into()))),
        };
    };
    if let Some(folder) = folder {
        return Err(SettingsError::Twice { name: folder.name, name_file: bucket.name });
    }
    let secret = |key| source.get(key).map(|given| given.map(|given| SecretString::from(given.text)));
    let keys = match (secret("s3_access_key_id")?, secret("s3_secret_access_key")?) {
        (Some(id), Some(key)) => Some((id, key)),
        (None, None) => None,
        (Some(_), None) => return Err(SettingsError::Alone { name: KEY_ID, needs: KEY }),
        (None, Some(_)) => return Err(SettingsError::Alone { name: KEY, needs: KEY_ID }),
    };
    Ok(ArtifactPlace::S3(S3Place {
        endpoint,
        bucket: bucket.text,
        region: source.get("s3_region")?.map_or_else(|| "us-east-1".to_owned(), |given| given.text),
        keys,
    }))
}

fn is_name(text: &str) -> bool {
    let allowed = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
    (1..=64).contains(&text.len()) && text.bytes().all(allowed)
}

fn pools(given: &Given) -> Result<Vec<String>, SettingsError> {
    let pools: Vec<_> = given.text.split(',').map(|pool| pool.trim().to_owned()).collect();
    if pools.iter().all(|pool| is_name(pool)) { Ok(pools) } else { Err(given.invalid(NAMES)) }
}

fn slots(given: &Given, text: &str) -> Result<u32, SettingsError> {
    let number = text.trim().parse().ok().filter(|number| (1..=100_000).contains(number));
    number.ok_or_else(|| given.invalid(SLOTS))
}

/// With 0 a worker leaves the step to others.
fn slots_of(given: &Given) -> Result<BTreeMap<String, u32>, SettingsError> {
    let invalid = || given.invalid("names of steps with whole numbers up to 100000, such as transcode=2,trim=4");
    let pair = |pair: &str| {
        let (step, number) = pair.split_once('=')?;
        let number = number.trim().parse().ok().filter(|number| *number <= 100_000)?;
        is_name(step.trim()).then(|| (step.trim().to_owned(), number))
    };
    given.text.split(',').filter(|text| !text.trim().is_empty()).map(|text| pair(text).ok_or_else(invalid)).collect()
}

fn listen(given: &Given) -> Result<Option<SocketAddr>, SettingsError> {
    if given.text.trim() == "off" {
        return Ok(None);
    }
    given.parse("an address with a port, such as 127.0.0.1:9464, or off").map(Some)
}

fn log(given: &Given) -> Result<LogFormat, SettingsError> {
    match given.text.trim() {
        "human" => Ok(LogFormat::Human),
        "json" => Ok(LogFormat::Json),
        _ => Err(given.invalid("human or json")),
    }
}

#[cfg(test)]
mod tests;
