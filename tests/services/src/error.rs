//! Why a server is not there.

use std::{fmt, io, path::PathBuf};

/// Why a private server could not be started or told something.
///
/// ```
/// use stagemark_services::ServiceError;
///
/// let error = ServiceError::NotInstalled { program: "redis-server", package: "redis-server" };
/// assert!(error.to_string().contains("apt-get install redis-server"));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// A program is missing.
    #[error("{program} is not installed; type `cargo xtask services up`, or `apt-get install {package}`")]
    NotInstalled {
        /// The program.
        program: &'static str,
        /// The package of Debian and Ubuntu that brings it.
        package: &'static str,
    },
    /// A file or folder of the server cannot be used.
    #[error("{doing} {} failed", path.display())]
    Folder {
        /// What was being done.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A command did not do its work.
    #[error("{doing} failed: {said}")]
    Command {
        /// What was being done.
        doing: &'static str,
        /// What the command said, or the system of it.
        said: String,
    },
    /// The server ended, or was not ready in time.
    #[error("{service} was not ready: {why}; its log is {}, and ends with:\n{tail}", log.display())]
    NotReady {
        /// Which server.
        service: &'static str,
        /// What was seen.
        why: String,
        /// Where its log is.
        log: PathBuf,
        /// The last lines of its log.
        tail: String,
    },
    /// There are no free ports.
    #[error("no {count} free ports were found on 127.0.0.1; end what holds them")]
    NoPorts {
        /// How many are needed.
        count: usize,
    },
}

impl ServiceError {
    pub(crate) fn command(doing: &'static str, said: &(impl fmt::Display + ?Sized)) -> Self {
        Self::Command { doing, said: said.to_string() }
    }
}

/// Says which file an error is about.
pub(crate) trait At<T> {
    fn at(self, doing: &'static str, path: impl Into<PathBuf>) -> Result<T, ServiceError>;
}

impl<T> At<T> for io::Result<T> {
    fn at(self, doing: &'static str, path: impl Into<PathBuf>) -> Result<T, ServiceError> {
        self.map_err(|source| ServiceError::Folder { doing, path: path.into(), source })
    }
}
