//! Opening the database, and transactions on it.

use std::{
    fs::{File, TryLockError},
    path::PathBuf,
    str::FromStr,
    time::{Duration, Instant},
};

use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr,
    SqliteTransactionMode, TransactionOptions, TransactionTrait,
};
use sea_orm_migration::MigratorTrait;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};

use crate::Migrator;

/// How long is waited for another that writes to a `SQLite` file, for a connection to `PostgreSQL`, and for its answer.
const PATIENCE: Duration = Duration::from_secs(5);
const ANSWER_MS: &str = "10000";
const READERS: u32 = 4;
const LOCK_INTERVAL: Duration = Duration::from_millis(10);
/// Only one host at a time makes tables in a schema of `PostgreSQL`. The first number is the contest's.
const LOCK: &str = "SELECT pg_advisory_lock(1668247156, hashtext(current_schema()))";

/// Why the database could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordsError {
    /// It cannot be reached, or refuses.
    #[error("the contest's database cannot be opened; is it there, and may this user open it?")]
    Open(#[source] DbErr),
    /// Its tables cannot be made.
    #[error("the contest's tables cannot be brought up to date; may this user make tables?")]
    Migrate(#[source] DbErr),
    /// Another process keeps the file locked.
    #[error("the file {} cannot be locked for opening", path.display())]
    Lock {
        /// The lock's file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// The contest's tables. A cheap handle: clones use the same connections.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let url = format!("sqlite://{}", folder.path().join("contest.db").display());
/// use sea_orm::EntityTrait;
/// use stagemark_contest_records::{Records, entity::player};
///
/// let records = Records::open(&url).await?;
/// assert!(player::Entity::find().all(records.reader()).await?.is_empty());
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Records {
    /// In `SQLite` one connection: it has one writer at a time, and waiting for it is better done in order.
    writer: DatabaseConnection,
    reader: DatabaseConnection,
}

impl Records {
    /// Opens the database of this URL, `sqlite://...` or `postgres://...`, as the engine's store does, and brings the
    /// contest's tables up to date.
    pub async fn open(url: &str) -> Result<Self, RecordsError> {
        if url.starts_with("sqlite:") {
            let lock = Lock::take(url).await?;
            let writer = Database::connect(sqlite(url, 1)).await.map_err(RecordsError::Open)?;
            Migrator::up(&writer, None).await.map_err(RecordsError::Migrate)?;
            drop(lock);
            let reader = Database::connect(sqlite(url, READERS)).await.map_err(RecordsError::Open)?;
            return Ok(Self { writer, reader });
        }
        let pool = Database::connect(postgres(url)).await.map_err(RecordsError::Open)?;
        migrate_postgres(url, &pool).await.map_err(RecordsError::Migrate)?;
        Ok(Self { writer: pool.clone(), reader: pool })
    }

    /// Where to read from.
    pub fn reader(&self) -> &DatabaseConnection {
        &self.reader
    }

    /// Begins a transaction that writes. In `SQLite` it has the lock from the start: one that took it later could not wait
    /// for it. Dropped before it is committed, it never was.
    pub async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        let mode =
            (self.writer.get_database_backend() == DbBackend::Sqlite).then_some(SqliteTransactionMode::Immediate);
        let options = TransactionOptions { sqlite_transaction_mode: mode, ..TransactionOptions::default() };
        self.writer.begin_with_options(options).await
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), DbErr> {
        self.reader.ping().await
    }
}

fn quiet(url: &str, connections: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options.max_connections(connections).sqlx_logging(false).record_stmt_in_spans(false);
    options
}

/// As the engine's store opens the file: the same log, the same time to wait, and a commit is on the disk.
fn sqlite(url: &str, connections: u32) -> ConnectOptions {
    let mut options = quiet(url, connections);
    let create = !url.contains("mode=");
    options
        .acquire_timeout(2 * PATIENCE)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .map_sqlx_sqlite_opts(move |sqlite| {
            let sqlite = if create { sqlite.create_if_missing(true) } else { sqlite };
            let sqlite = sqlite.journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full);
            sqlite.busy_timeout(PATIENCE).foreign_keys(true).pragma("temp_store", "MEMORY")
        });
    options
}

fn postgres(url: &str) -> ConnectOptions {
    let mut options = quiet(url, 16);
    options.acquire_timeout(PATIENCE).map_sqlx_postgres_opts(|postgres| {
        let name = postgres.get_application_name().unwrap_or("stagemark-contest").to_owned();
        postgres.application_name(&name).options([("statement_timeout", ANSWER_MS), ("client_min_messages", "warning")])
    });
    options
}

/// Makes what is missing; a role without the right to make tables can open a database whose tables are there.
async fn migrate_postgres(url: &str, pool: &DatabaseConnection) -> Result<(), DbErr> {
    if Migrator::get_pending_migrations_read_only(pool).await?.is_empty() {
        return Ok(());
    }
    let mut options = quiet(url, 1);
    options.acquire_timeout(PATIENCE).map_sqlx_postgres_opts(|postgres| {
        postgres.options([("statement_timeout", "60s"), ("lock_timeout", "60s"), ("client_min_messages", "warning")])
    });
    let single = Database::connect(options).await?;
    single.execute_unprepared(LOCK).await?;
    let made = Migrator::up(&single, None).await;
    // With its connection the lock is given back.
    single.close().await?;
    made
}

/// Only one process at a time makes tables in a file: two that did would each fail at what the other has made.
struct Lock {
    _held: File,
}

impl Lock {
    async fn take(url: &str) -> Result<Self, RecordsError> {
        let options = SqliteConnectOptions::from_str(url);
        let options = options.map_err(|error| RecordsError::Open(DbErr::Custom(error.to_string())))?;
        let mut path = options.get_filename().as_os_str().to_owned();
        // The store's own lock: neither makes tables while the other does.
        path.push(".lock");
        let path = PathBuf::from(path);
        let failed = |source| RecordsError::Lock { path: path.clone(), source };
        let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
        let until = Instant::now() + PATIENCE;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self { _held: file }),
                Err(TryLockError::WouldBlock) if Instant::now() < until => tokio::time::sleep(LOCK_INTERVAL).await,
                Err(error) => return Err(failed(error.into())),
            }
        }
    }
}
