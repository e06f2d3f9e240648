//! Why a worker host ended otherwise than it was told to.

use std::{error::Error, fmt, net::SocketAddr};

use stagemark::{StartError, ports::StoreError};

use crate::{Address, SettingsError};

/// Why a worker host did not start, or ended.
///
/// Its `Debug` is the message with all causes, so that a `main` that returns it says something readable.
///
/// ```
/// use stagemark_worker::{Environment, Settings, WorkerError};
///
/// let refused = Settings::read(None, &Environment::from([("STAGEMARK_LOG", "xml")])).unwrap_err();
/// let error = WorkerError::from(refused);
/// assert_eq!(format!("{error:?}"), "the settings cannot be used: STAGEMARK_LOG must be human or json");
/// ```
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum WorkerError {
    /// The settings cannot be used.
    #[error("the settings cannot be used")]
    Settings(#[from] SettingsError),
    /// The database cannot be opened.
    #[error("the database {address} cannot be opened")]
    Database {
        /// Which one.
        address: Address,
        /// Why.
        source: StoreError,
    },
    /// The place for artifacts cannot be opened.
    #[error("the artifacts cannot be kept in {place}")]
    Artifacts {
        /// The folder or the bucket.
        place: String,
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The broker is there and refuses.
    #[error("the broker {address} cannot be used")]
    Broker {
        /// Which one.
        address: Address,
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },
    /// Redis is there and refuses.
    #[error("the Redis {address} cannot be used")]
    Redis {
        /// Which one.
        address: Address,
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A setting asks for what this program was built without.
    #[error("{setting} is set, and this program was built without it: give stagemark-worker the feature `{feature}`")]
    NotBuilt {
        /// The setting.
        setting: &'static str,
        /// The feature of this crate.
        feature: &'static str,
    },
    /// The engine did not start.
    #[error("the engine did not start")]
    Start(#[from] StartError),
    /// Health and metrics cannot be served.
    #[error("{address} cannot be listened on; another process may be there, see the setting `listen`")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// Another recorder of metrics was installed in this process.
    #[error("metrics cannot be kept: another recorder was installed before the worker started")]
    Recorder,
    /// Spans cannot be sent.
    #[error("traces cannot be sent to {address}; check that it is the address of a collector for OTLP over HTTP")]
    Traces {
        /// The collector.
        address: Address,
    },
    /// Signals cannot be heard.
    #[error("signals of the system cannot be heard")]
    Signals(#[source] std::io::Error),
}

impl fmt::Debug for WorkerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")?;
        let mut cause = self.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}
