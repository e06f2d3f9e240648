//! Opening a database file: its settings, and its tables.

use std::{
    fs::{File, TryLockError},
    path::{Path, PathBuf},
    str::FromStr,
    time::{Duration, Instant},
};

use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbErr};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use stagemark::ports::{StoreError, StoreErrorKind};
use stagemark_migrations::{Migrator, MigratorTrait};

use crate::{
    SqlStore,
    error::{failed, of_file},
    statements,
};

/// The log is moved into the database after so many pages of 4 KiB: seldom enough that a page which changes often is
/// moved once for many commits.
const CHECKPOINT_PAGES: &str = "8000";
const READERS: u32 = 4;
const LOCK_INTERVAL: Duration = Duration::from_millis(10);
const OPENING: &str = "opening the database";

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
    synchronous: Synchronous,
    busy_timeout: Duration,
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
        let file = file_of(url)?;
        let lock = Lock::take(&file, self.busy_timeout).await?;
        let writer = self.connect(url, 1).await.map_err(|error| failed(OPENING, error))?;
        Migrator::up(&writer, None).await.map_err(|error| failed("bringing the tables up to date", error))?;
        let touch = writer.execute_unprepared(statements::TOUCH).await;
        touch.map_err(|error| failed("asking whether the database may be written", error))?;
        drop(lock);
        let reader = self.connect(url, READERS).await.map_err(|error| failed(OPENING, error))?;
        Ok(SqlStore { writer, reader })
    }

    async fn connect(&self, url: &str, connections: u32) -> Result<DatabaseConnection, DbErr> {
        let mut options = ConnectOptions::new(url);
        let (synchronous, busy_timeout) = (self.synchronous, self.busy_timeout);
        let create = !url.contains("mode=");
        options
            .max_connections(connections)
            .acquire_timeout(busy_timeout + Duration::from_secs(5))
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            .sqlx_logging(false)
            .record_stmt_in_spans(false)
            .map_sqlx_sqlite_opts(move |sqlite| {
                let sqlite = if create { sqlite.create_if_missing(true) } else { sqlite };
                sqlite
                    .journal_mode(SqliteJournalMode::Wal)
                    .synchronous(match synchronous {
                        Synchronous::Full => SqliteSynchronous::Full,
                        Synchronous::Normal => SqliteSynchronous::Normal,
                    })
                    .busy_timeout(busy_timeout)
                    .pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
                    .pragma("temp_store", "MEMORY")
                    .statement_cache_capacity(256)
            });
        Database::connect(options).await
    }
}

fn file_of(url: &str) -> Result<PathBuf, StoreError> {
    let bad = |source: Box<dyn std::error::Error + Send + Sync>| StoreError {
        doing: "reading the URL of the database",
        kind: StoreErrorKind::Other,
        source: Some(source),
    };
    if !url.starts_with("sqlite:") {
        return Err(bad("it does not begin with sqlite:".into()));
    }
    if url.contains(":memory:") || url.contains("mode=memory") {
        return Err(bad("a database in memory cannot be shared by connections; use stagemark::MemoryStore".into()));
    }
    let options = SqliteConnectOptions::from_str(url).map_err(|error| bad(error.into()))?;
    Ok(options.get_filename().to_owned())
}

/// Only one process at a time makes tables: two that did would each fail at what the other has made.
struct Lock {
    _held: File,
}

impl Lock {
    /// Looks now and then whether it is free, since a thread that waits for it cannot be called back.
    async fn take(database: &Path, patience: Duration) -> Result<Self, StoreError> {
        let mut name = database.as_os_str().to_owned();
        name.push(".lock");
        let failed = |error| of_file("locking the database for opening", error);
        let file =
            File::options().create(true).truncate(false).write(true).open(PathBuf::from(name)).map_err(failed)?;
        let until = Instant::now() + patience;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self { _held: file }),
                Err(TryLockError::WouldBlock) if Instant::now() < until => tokio::time::sleep(LOCK_INTERVAL).await,
                Err(error) => return Err(failed(error.into())),
            }
        }
    }
}
