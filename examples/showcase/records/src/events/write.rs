//! Writing events, each once.

use std::collections::{HashMap, HashSet};

use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, Value};
use uuid::Uuid;

use super::{CHUNK, WrittenEvent, advise, epoch, is_postgres, of_epoch, places, statement};
use crate::entity::{
    event::{Kind, State},
    video,
};

/// An event that comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewEvent {
    /// Which event.
    pub id: Uuid,
    /// To which video.
    pub video: Uuid,
    /// What happened.
    pub kind: Kind,
    /// For how long it was watched.
    pub watch_ms: i64,
    /// When it happened; of a like that was taken back, when the like happened.
    pub at: i64,
}

/// What became of events that came in. Those of videos that cannot be watched are in neither.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Those that are new, to be counted once the transaction is committed.
    pub events: Vec<WrittenEvent>,
    /// How many were known already.
    pub repeated: usize,
}

/// Writes the events of videos that can be watched, and that are not known yet.
///
/// The transaction should end soon after: in `PostgreSQL` an epoch waits for it, and so does whoever removes one of the
/// videos.
pub async fn write(transaction: &DatabaseTransaction, events: &[NewEvent], now: i64) -> Result<Written, DbErr> {
    let mut written = Written::default();
    for chunk in events.chunks(CHUNK) {
        let (epoch, videos) = videos(transaction, chunk).await?;
        let mut rows: Vec<_> = chunk.iter().filter(|event| videos.contains_key(&event.video)).copied().collect();
        let sent = rows.len();
        // In one order everywhere: two who write the same events wait for each other, and not both.
        rows.sort_unstable_by_key(|event| event.id);
        rows.dedup_by_key(|event| event.id);
        let new = insert(transaction, &rows, &videos, (epoch, now)).await?;
        let complete = |event: NewEvent| {
            let (player, city) = videos.get(&event.video)?.clone();
            let NewEvent { id, kind, watch_ms, at, .. } = event;
            Some(WrittenEvent { id, epoch, player, city, kind, watch_ms, at })
        };
        let before = written.events.len();
        written.events.extend(rows.into_iter().filter(|event| new.contains(&event.id)).filter_map(complete));
        written.repeated += sent - (written.events.len() - before);
    }
    Ok(written)
}

/// Whose a video is, and where that player is from.
type Owners = HashMap<Uuid, (Uuid, String)>;

/// The epoch, which does not end before the transaction does, and the owners of those videos that can be watched, which
/// does not change before either.
async fn videos(transaction: &DatabaseTransaction, events: &[NewEvent]) -> Result<(i64, Owners), DbErr> {
    let mut held = None;
    loop {
        let number = epoch(transaction).await?;
        if held == Some(number) || !is_postgres(transaction) {
            return Ok((number, owners(transaction, events).await?));
        }
        // It may have ended before it was locked: then it is looked at again.
        advise(transaction, "pg_advisory_xact_lock_shared", &of_epoch(number)).await?;
        held = Some(number);
    }
}

async fn owners(transaction: &DatabaseTransaction, events: &[NewEvent]) -> Result<Owners, DbErr> {
    let ids: HashSet<Uuid> = events.iter().map(|event| event.video).collect();
    let sql = format!(
        "SELECT v.id, v.player, p.city FROM contest_video v JOIN contest_player p ON p.id = v.player \
         WHERE v.state = {} AND v.id IN ({}) ORDER BY v.id{}",
        video::State::Ready as i16,
        places(1, ids.len()),
        // Whoever removes a video locks it for update, and so waits for its events that are being written.
        if is_postgres(transaction) { " FOR KEY SHARE OF v" } else { "" },
    );
    let rows = transaction.query_all_raw(statement(transaction, sql, ids.into_iter().map(Value::from))).await?;
    let owner = |row: sea_orm::QueryResult| {
        Ok((row.try_get("", "id")?, (row.try_get("", "player")?, row.try_get("", "city")?)))
    };
    rows.into_iter().map(owner).collect()
}

/// Inserts those that are not there; gives the ids of these.
async fn insert(
    transaction: &DatabaseTransaction,
    events: &[NewEvent],
    owners: &Owners,
    (epoch, now): (i64, i64),
) -> Result<HashSet<Uuid>, DbErr> {
    let mut values: Vec<Value> = Vec::new();
    let mut rows = Vec::new();
    for event in events {
        let Some((player, _)) = owners.get(&event.video) else { continue };
        rows.push(format!("({})", places(values.len() + 1, 9)));
        values.extend([event.id.into(), event.video.into(), (*player).into()]);
        values.extend([epoch, event.at, now, event.watch_ms].map(Value::from));
        values.extend([event.kind as i16, State::Open as i16].map(Value::from));
    }
    if rows.is_empty() {
        return Ok(HashSet::new());
    }
    let sql = format!(
        "INSERT INTO contest_event (id, video, player, epoch, at, accepted_at, watch_ms, kind, state) VALUES {} \
         ON CONFLICT (id) DO NOTHING RETURNING id",
        rows.join(", "),
    );
    let inserted = transaction.query_all_raw(statement(transaction, sql, values)).await?;
    inserted.into_iter().map(|row| row.try_get("", "id")).collect()
}

/// Takes what a video has gained away from its player, for good. To be called in the transaction that makes the video one
/// that cannot be watched; afterwards the boards are to be made anew.
pub async fn forget(transaction: &DatabaseTransaction, video: Uuid) -> Result<(), DbErr> {
    if is_postgres(transaction) {
        let lock = "SELECT 1 AS held FROM contest_video WHERE id = $1 FOR UPDATE";
        transaction.query_all_raw(statement(transaction, lock, [video.into()])).await?;
    }
    let (open, settled) = (State::Open as i16, State::Settled as i16);
    for sql in [
        format!("UPDATE contest_event SET state = {settled} WHERE video = $1 AND state = {open}"),
        "DELETE FROM contest_tally WHERE video = $1".to_owned(),
    ] {
        transaction.execute_raw(statement(transaction, sql, [video.into()])).await?;
    }
    Ok(())
}
