//! Events: written once, tallied once, and read as a board needs them.
//!
//! Each belongs to an epoch, the number in `contest_epoch` when it was written. Whoever ends an epoch knows that all events
//! of the one before are committed: while the number is n, events of epochs up to n - 2 are complete, and those that are
//! tallied are among the epochs up to n - 1. In `PostgreSQL` a lock of each epoch holds that; in `SQLite` there is one writer.

mod read;
mod tally;
mod write;

use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, Statement, Value};
use uuid::Uuid;

use crate::entity::event::Kind;

pub use read::{BoardRows, EventRow, TallyRow, VideoCounts, board, counts_of, open, open_of};
pub use tally::{Due, due, end_epoch, lock, purge, settle, tallies};
pub use write::{NewEvent, Written, forget, write};

/// How many rows one statement has at most.
const CHUNK: usize = 1_000;

/// An event that was written, with what counting it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenEvent {
    /// Which event.
    pub id: Uuid,
    /// The epoch that it was written in.
    pub epoch: i64,
    /// Whose video it is.
    pub player: Uuid,
    /// Where that player is from.
    pub city: String,
    /// What happened.
    pub kind: Kind,
    /// For how long it was watched.
    pub watch_ms: i64,
    /// When.
    pub at: i64,
}

/// A statement; `$1` is read by both databases.
fn statement(db: &impl ConnectionTrait, sql: impl Into<String>, values: impl IntoIterator<Item = Value>) -> Statement {
    Statement::from_sql_and_values(db.get_database_backend(), sql, values)
}

fn is_postgres(db: &impl ConnectionTrait) -> bool {
    db.get_database_backend() == DbBackend::Postgres
}

/// `$1, $2, ...`, as many as there are, from this number.
fn places(from: usize, count: usize) -> String {
    let places: Vec<_> = (from..from + count).map(|place| format!("${place}")).collect();
    places.join(", ")
}

/// Takes an advisory lock of the contest in this schema, by one of the functions for that.
async fn advise(transaction: &DatabaseTransaction, function: &str, lock: &str) -> Result<bool, DbErr> {
    let key = "hashtextextended('contest-' || current_schema() || '-' || $1, 0)";
    let sql = format!("SELECT CAST({function}({key}) AS text) <> 'false' AS is_held");
    let row = transaction.query_one_raw(statement(transaction, sql, [lock.into()])).await?;
    row.map_or(Ok(false), |row| row.try_get("", "is_held"))
}

/// The name of the lock of an epoch.
fn of_epoch(number: i64) -> String {
    format!("epoch-{number}")
}

/// The number of the epoch.
async fn epoch(db: &impl ConnectionTrait) -> Result<i64, DbErr> {
    let asked = statement(db, "SELECT epoch FROM contest_epoch WHERE id = 1", []);
    let row = db.query_one_raw(asked).await?;
    row.ok_or_else(|| DbErr::RecordNotFound("contest_epoch has no row".to_owned()))?.try_get("", "epoch")
}
