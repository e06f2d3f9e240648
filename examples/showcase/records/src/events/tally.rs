//! Bringing events into tallies, in one transaction.

use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, QueryResult, Value};
use uuid::Uuid;

use super::{CHUNK, advise, epoch, is_postgres, of_epoch, places, statement};
use crate::entity::{
    event::{Kind, State},
    tally, video,
};

/// An event that is to be tallied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// Which event.
    pub id: Uuid,
    /// To which video; none, if that cannot be watched any more.
    pub video: Option<Uuid>,
    /// What happened.
    pub kind: Kind,
    /// For how long it was watched.
    pub watch_ms: i64,
    /// When.
    pub at: i64,
}

/// Keeps others from tallying until the transaction ends, and gives the number of the epoch; none if another is at it, or
/// an event of the epoch before is still being written.
pub async fn lock(transaction: &DatabaseTransaction) -> Result<Option<i64>, DbErr> {
    if !is_postgres(transaction) {
        return epoch(transaction).await.map(Some);
    }
    let is_free = async |lock: &str| advise(transaction, "pg_try_advisory_xact_lock", lock).await;
    if !is_free("tally").await? {
        return Ok(None);
    }
    let number = epoch(transaction).await?;
    let is_complete = is_free(&of_epoch(number - 1)).await?;
    Ok(is_complete.then_some(number))
}

/// The oldest events that are to be tallied while this is the epoch, at most so many.
pub async fn due(transaction: &DatabaseTransaction, epoch: i64, limit: u64) -> Result<Vec<Due>, DbErr> {
    let sql = format!(
        "SELECT e.id, v.id AS video, e.kind, e.watch_ms, e.at FROM contest_event e \
         LEFT JOIN contest_video v ON v.id = e.video AND v.state = {} \
         WHERE e.state = {} AND e.epoch < $1 ORDER BY e.epoch LIMIT {limit}",
        video::State::Ready as i16,
        State::Open as i16,
    );
    let rows = transaction.query_all_raw(statement(transaction, sql, [epoch.into()])).await?;
    let due = |row: QueryResult| {
        let (id, video, kind) = (row.try_get("", "id")?, row.try_get("", "video")?, row.try_get("", "kind")?);
        Ok(Due { id, video, kind, watch_ms: row.try_get("", "watch_ms")?, at: row.try_get("", "at")? })
    };
    rows.into_iter().map(due).collect()
}

/// The tallies of these videos, as far as there are any.
pub async fn tallies(transaction: &DatabaseTransaction, videos: &[Uuid]) -> Result<Vec<tally::Model>, DbErr> {
    use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
    let mut found = Vec::new();
    for chunk in videos.chunks(CHUNK) {
        let of_chunk = tally::Entity::find().filter(tally::Column::Video.is_in(chunk.iter().copied()));
        found.extend(of_chunk.all(transaction).await?);
    }
    Ok(found)
}

/// Writes tallies, and that these events are in them.
pub async fn settle(transaction: &DatabaseTransaction, tallies: &[tally::Model], events: &[Uuid]) -> Result<(), DbErr> {
    for chunk in tallies.chunks(CHUNK) {
        let mut values: Vec<Value> = Vec::new();
        let mut rows = Vec::new();
        for tally in chunk {
            rows.push(format!("({})", places(values.len() + 1, 8)));
            values.push(tally.video.into());
            values.extend([tally.likes, tally.views, tally.watch_ms, tally.as_of].map(Value::from));
            values.extend([tally.like_sum, tally.view_sum, tally.watch_sum].map(Value::from));
        }
        let columns = ["likes", "views", "watch_ms", "as_of", "like_sum", "view_sum", "watch_sum"];
        let sql = format!(
            "INSERT INTO contest_tally (video, {}) VALUES {} ON CONFLICT (video) DO UPDATE SET {}",
            columns.join(", "),
            rows.join(", "),
            columns.map(|column| format!("{column} = excluded.{column}")).join(", "),
        );
        transaction.execute_raw(statement(transaction, sql, values)).await?;
    }
    for chunk in events.chunks(CHUNK) {
        let settled = State::Settled as i16;
        let sql = format!("UPDATE contest_event SET state = {settled} WHERE id IN ({})", places(1, chunk.len()));
        transaction.execute_raw(statement(transaction, sql, chunk.iter().copied().map(Value::from))).await?;
    }
    Ok(())
}

/// Ends the epoch, in a transaction that has the [`lock`].
pub async fn end_epoch(transaction: &DatabaseTransaction) -> Result<(), DbErr> {
    let sql = "UPDATE contest_epoch SET epoch = epoch + 1 WHERE id = 1";
    transaction.execute_raw(statement(transaction, sql, [])).await.map(|_| ())
}

/// Removes events that were written before this time and are settled, the oldest first, at most so many; gives how many.
/// Whoever sends one of them again must be refused by its age.
pub async fn purge(transaction: &DatabaseTransaction, before: i64, limit: u64) -> Result<u64, DbErr> {
    let sql = format!(
        "DELETE FROM contest_event WHERE id IN (SELECT o.id FROM (SELECT id, accepted_at, state FROM contest_event \
         ORDER BY epoch LIMIT {limit}) AS o WHERE o.accepted_at < $1 AND o.state = {})",
        State::Settled as i16,
    );
    Ok(transaction.execute_raw(statement(transaction, sql, [before.into()])).await?.rows_affected())
}
