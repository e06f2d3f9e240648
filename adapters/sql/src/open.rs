//! How a database is opened.

use std::time::Duration;

use stagemark::ports::{StoreError, StoreErrorKind};

use crate::{SqlStore, spans::System};

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

/// Who makes the tables in `PostgreSQL`, and brings them up to date.
///
/// ```
/// assert_eq!(stagemark_sql::Migrations::default(), stagemark_sql::Migrations::Apply);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Migrations {
    /// Whoever opens the database, if anything is missing; where nothing is, the role needs no right to make tables.
    #[default]
    Apply,
    /// Somebody else: the database is not opened where anything is missing.
    Expect,
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
    pub(crate) connections: u32,
    pub(crate) acquire_timeout: Duration,
    pub(crate) answer_timeout: Duration,
    pub(crate) migrations: Migrations,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self {
            synchronous: Synchronous::Full,
            busy_timeout: Duration::from_secs(5),
            connections: 8,
            acquire_timeout: Duration::from_secs(5),
            answer_timeout: Duration::from_secs(10),
            migrations: Migrations::Apply,
        }
    }
}

impl OpenOptions {
    /// When a commit to a `SQLite` file is told as done (default: [`Synchronous::Full`]).
    pub fn synchronous(mut self, synchronous: Synchronous) -> Self {
        self.synchronous = synchronous;
        self
    }

    /// Waits so long for another process that has the lock of a `SQLite` file (default 5 s), or that opens it too, before an
    /// operation fails as [`StoreErrorKind::Locked`].
    pub fn busy_timeout(mut self, timeout: Duration) -> Self {
        self.busy_timeout = timeout;
        self
    }

    /// Opens at most so many connections to `PostgreSQL` (default 8), and one more that only listens.
    pub fn connections(mut self, most: u32) -> Self {
        self.connections = most.max(1);
        self
    }

    /// Waits so long for a connection to `PostgreSQL` (default 5 s) before an operation fails as
    /// [`StoreErrorKind::Unreachable`]: the server is away, or all connections are in use.
    pub fn acquire_timeout(mut self, timeout: Duration) -> Self {
        self.acquire_timeout = timeout;
        self
    }

    /// Waits so long for an answer of `PostgreSQL` (default 10 s): then the server gives the statement up, and the
    /// operation fails as [`StoreErrorKind::Unreachable`].
    pub fn answer_timeout(mut self, timeout: Duration) -> Self {
        self.answer_timeout = timeout;
        self
    }

    /// Who makes the tables in `PostgreSQL` (default: [`Migrations::Apply`]).
    pub fn migrations(mut self, migrations: Migrations) -> Self {
        self.migrations = migrations;
        self
    }

    /// Opens the database, and brings its tables up to date; a file is made if there is none.
    ///
    /// # Errors
    /// [`StoreErrorKind::Unreachable`] if the folder or the server cannot be reached, [`StoreErrorKind::Denied`] if the
    /// server does not let this user in, [`StoreErrorKind::Untrusted`] if it does not encrypt as asked for or its
    /// certificate is not trusted, [`StoreErrorKind::ReadOnly`] if the file may not be written,
    /// [`StoreErrorKind::Locked`] if another process keeps it locked.
    pub async fn open(self, url: &str) -> Result<SqlStore, StoreError> {
        match url.split_once(':') {
            #[cfg(feature = "sqlite")]
            Some(("sqlite", _)) => Ok(SqlStore::of(crate::sqlite::open(&self, url).await?, System::Sqlite)),
            #[cfg(feature = "postgres")]
            Some(("postgres" | "postgresql", _)) => {
                Ok(SqlStore::of(crate::postgres::open(&self, url).await?, System::Postgres))
            }
            _ => Err(StoreError {
                doing: "reading the URL of the database",
                kind: StoreErrorKind::Other,
                source: Some("it begins with neither sqlite: nor postgres:".into()),
            }),
        }
    }
}
