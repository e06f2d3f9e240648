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

use super::{Sqlite, statements};
use crate::{
    OpenOptions, Synchronous,
    error::{failed, of_file},
};

/// The log is moved into the database after so many pages of 4 KiB: seldom enough that a page which changes often is
/// moved once for many commits.
const CHECKPOINT_PAGES: &str = "8000";
const READERS: u32 = 4;
const LOCK_INTERVAL: Duration = Duration::from_millis(10);
const OPENING: &str = "opening the database";

pub(crate) async fn open(settings: &OpenOptions, url: &str) -> Result<Sqlite, StoreError> {
    let file = file_of(url)?;
    let lock = Lock::take(&file, settings.busy_timeout).await?;
    let writer = connect(settings, url, 1).await.map_err(|error| failed(OPENING, error))?;
    Migrator::up(&writer, None).await.map_err(|error| failed("bringing the tables up to date", error))?;
    let touch = writer.execute_unprepared(statements::TOUCH).await;
    touch.map_err(|error| failed("asking whether the database may be written", error))?;
    drop(lock);
    let reader = connect(settings, url, READERS).await.map_err(|error| failed(OPENING, error))?;
    Ok(Sqlite { writer, reader })
}

async fn connect(settings: &OpenOptions, url: &str, connections: u32) -> Result<DatabaseConnection, DbErr> {
    let mut options = ConnectOptions::new(url);
    let (synchronous, busy_timeout) = (settings.synchronous, settings.busy_timeout);
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

fn file_of(url: &str) -> Result<PathBuf, StoreError> {
    let bad = |source: Box<dyn std::error::Error + Send + Sync>| StoreError {
        doing: "reading the URL of the database",
        kind: StoreErrorKind::Other,
        source: Some(source),
    };
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
