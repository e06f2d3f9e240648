//! How a database is opened.

use std::time::Duration;

use stagemark::ports::{StoreError, StoreErrorKind};

use crate::{SqlStore, sqlite};

/// When a commit is told as done.
///
/// ```
/// assert_eq!(stagemark_sql::Synchronous::default(), stagemark_sql::Synchronous::Full);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Synchronous {
    /// When it is on the disk: what was told survives the loss of power. One `fdatasync` a commit.
    #[default]
    Full,
    /// When the operating system has it. It survives the death of the process; at a loss of power the last commits
    /// since the log was last synced may be gone, all together: runs that were accepted may be unknown, and steps whose
    /// end was told may run again. The file itself stays consistent.
    Normal,
}

/// How a database is opened; see [`SqlStore::options`].
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// use std::time::Duration;
/// use stagemark_sql::SqlStore;
///
/// let url = format!("sqlite://{}", folder.path().join("stagemark.db").display());
/// let store = SqlStore::options().busy_timeout(Duration::from_secs(20)).open(&url).await?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is opened before `open`"]
pub struct OpenOptions {
    pub(crate) synchronous: Synchronous,
    pub(crate) busy_timeout: Duration,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self { synchronous: Synchronous::Full, busy_timeout: Duration::from_secs(5) }
    }
}

impl OpenOptions {
    /// When a commit is told as done (default: [`Synchronous::Full`]).
    pub fn synchronous(mut self, synchronous: Synchronous) -> Self {
        self.synchronous = synchronous;
        self
    }

    /// Waits so long for another process that has the lock of the file (default 5 s), or that opens it too, before an
    /// operation fails as [`StoreErrorKind::Locked`].
    pub fn busy_timeout(mut self, timeout: Duration) -> Self {
        self.busy_timeout = timeout;
        self
    }

    /// Opens the file, makes it if there is none, and brings its tables up to date.
    ///
    /// # Errors
    /// [`StoreErrorKind::Unreachable`] if the folder does not exist, [`StoreErrorKind::ReadOnly`] if the file may not be
    /// written, [`StoreErrorKind::Locked`] if another process keeps it locked.
    pub async fn open(self, url: &str) -> Result<SqlStore, StoreError> {
        match url.split_once(':') {
            Some(("sqlite", _)) => Ok(SqlStore::of(sqlite::open(&self, url).await?)),
            _ => Err(StoreError {
                doing: "reading the URL of the database",
                kind: StoreErrorKind::Other,
                source: Some("it does not begin with sqlite:".into()),
            }),
        }
    }
}
