//! Reading events and tallies.

use std::collections::HashMap;

use sea_orm::{
    AccessMode, ConnectionTrait, DatabaseTransaction, DbErr, IsolationLevel, QueryResult, TransactionTrait, Value,
};
use uuid::Uuid;

use super::{CHUNK, WrittenEvent, epoch, is_postgres, places, statement};
use crate::{
    Records,
    entity::{
        event::{Kind, State},
        video,
    },
};

/// What there is for a board, at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BoardRows {
    /// The number of the epoch.
    pub epoch: i64,
    /// The tallies of videos that can be watched.
    pub tallies: Vec<TallyRow>,
    /// The events that are not tallied, and those of the last two epochs that never will be.
    pub events: Vec<EventRow>,
}

/// A tally, and whose it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TallyRow {
    /// Whose.
    pub player: Uuid,
    /// What the sums are relative to.
    pub as_of: i64,
    /// Likes.
    pub like_sum: f64,
    /// Views.
    pub view_sum: f64,
    /// Seconds of watching.
    pub watch_sum: f64,
}

/// An event that is in no tally.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventRow {
    /// Which event.
    pub id: Uuid,
    /// The epoch that it was written in.
    pub epoch: i64,
    /// Whose video it is.
    pub player: Uuid,
    /// What happened.
    pub kind: Kind,
    /// For how long it was watched.
    pub watch_ms: i64,
    /// When.
    pub at: i64,
    /// Whether it counts: its video can be watched.
    pub counts: bool,
}

/// How often videos were opened and liked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VideoCounts {
    /// How many like it.
    pub likes: i64,
    /// How often it was opened.
    pub views: i64,
}

/// What there is for the board of a city, or of all.
pub async fn board(records: &Records, city: Option<&str>) -> Result<BoardRows, DbErr> {
    let transaction = snapshot(records).await?;
    let epoch = epoch(&transaction).await?;
    let of_city = if city.is_some() { " AND p.city = $1" } else { "" };
    let values = || city.map(Value::from);
    let ready = video::State::Ready as i16;
    let sql = format!(
        "SELECT v.player, t.as_of, t.like_sum, t.view_sum, t.watch_sum FROM contest_tally t \
         JOIN contest_video v ON v.id = t.video AND v.state = {ready} JOIN contest_player p ON p.id = v.player{of_city}"
    );
    let tallies = transaction.query_all_raw(statement(&transaction, sql, values())).await?;
    let events = |filter: String| {
        format!(
            "SELECT e.id, e.epoch, e.player, e.kind, e.watch_ms, e.at, e.state, v.id AS video FROM contest_event e \
             JOIN contest_player p ON p.id = e.player{of_city} \
             LEFT JOIN contest_video v ON v.id = e.video AND v.state = {ready} WHERE {filter}"
        )
    };
    let (open, closed) = (State::Open as i16, epoch - 2);
    let to_tally = events(format!("e.state = {open}"));
    let known = events(format!("e.state <> {open} AND e.epoch > {closed}"));
    let sql = format!("{to_tally} UNION ALL {known}");
    let events = transaction.query_all_raw(statement(&transaction, sql, values())).await?;
    transaction.commit().await?;
    Ok(BoardRows {
        epoch,
        tallies: tallies.iter().map(tally_row).collect::<Result<_, _>>()?,
        events: events.iter().map(event_row).collect::<Result<_, _>>()?,
    })
}

/// A transaction that reads what was there at one moment.
async fn snapshot(records: &Records) -> Result<DatabaseTransaction, DbErr> {
    if is_postgres(records.reader()) {
        let (isolation, access) = (IsolationLevel::RepeatableRead, AccessMode::ReadOnly);
        return records.reader().begin_with_config(Some(isolation), Some(access)).await;
    }
    // In `SQLite` every transaction does.
    records.reader().begin().await
}

fn tally_row(row: &QueryResult) -> Result<TallyRow, DbErr> {
    let (player, as_of) = (row.try_get("", "player")?, row.try_get("", "as_of")?);
    let (like_sum, view_sum) = (row.try_get("", "like_sum")?, row.try_get("", "view_sum")?);
    Ok(TallyRow { player, as_of, like_sum, view_sum, watch_sum: row.try_get("", "watch_sum")? })
}

fn event_row(row: &QueryResult) -> Result<EventRow, DbErr> {
    let (id, epoch, player) = (row.try_get("", "id")?, row.try_get("", "epoch")?, row.try_get("", "player")?);
    let (kind, watch_ms, at) = (row.try_get("", "kind")?, row.try_get("", "watch_ms")?, row.try_get("", "at")?);
    let is_open = row.try_get::<State>("", "state")? == State::Open;
    let counts = is_open && row.try_get::<Option<Uuid>>("", "video")?.is_some();
    Ok(EventRow { id, epoch, player, kind, watch_ms, at, counts })
}

/// The events that count, of epochs that are not complete: to be counted again, should one have been missed.
pub async fn open(records: &Records) -> Result<Vec<WrittenEvent>, DbErr> {
    open_where(records, "", []).await
}

/// Those of one video.
pub async fn open_of(records: &Records, video: Uuid) -> Result<Vec<WrittenEvent>, DbErr> {
    open_where(records, " AND e.video = $1", [video.into()]).await
}

async fn open_where<const N: usize>(
    records: &Records,
    filter: &str,
    values: [Value; N],
) -> Result<Vec<WrittenEvent>, DbErr> {
    let sql = format!(
        "SELECT e.id, e.epoch, e.player, p.city, e.kind, e.watch_ms, e.at FROM contest_event e \
         JOIN contest_video v ON v.id = e.video AND v.state = {} JOIN contest_player p ON p.id = e.player \
         WHERE e.state = {} AND e.epoch > (SELECT epoch - 2 FROM contest_epoch WHERE id = 1){filter}",
        video::State::Ready as i16,
        State::Open as i16,
    );
    let rows = records.reader().query_all_raw(statement(records.reader(), sql, values)).await?;
    let written = |row: QueryResult| {
        let (id, epoch, player) = (row.try_get("", "id")?, row.try_get("", "epoch")?, row.try_get("", "player")?);
        let (city, kind) = (row.try_get("", "city")?, row.try_get("", "kind")?);
        Ok(WrittenEvent {
            id,
            epoch,
            player,
            city,
            kind,
            watch_ms: row.try_get("", "watch_ms")?,
            at: row.try_get("", "at")?,
        })
    };
    rows.into_iter().map(written).collect()
}

/// How often these videos were opened and liked, up to now.
pub async fn counts_of(db: &impl ConnectionTrait, videos: &[Uuid]) -> Result<HashMap<Uuid, VideoCounts>, DbErr> {
    let mut counts: HashMap<Uuid, VideoCounts> = HashMap::new();
    for chunk in videos.chunks(CHUNK) {
        let ids = places(1, chunk.len());
        let (open, view) = (State::Open as i16, Kind::View as i16);
        let (like, unlike) = (Kind::Like as i16, Kind::Unlike as i16);
        // In PostgreSQL a sum of bigint is numeric.
        let sql = format!(
            "SELECT video, CAST(SUM(likes) AS bigint) AS likes, CAST(SUM(views) AS bigint) AS views FROM (\
             SELECT video, likes, views FROM contest_tally WHERE video IN ({ids}) UNION ALL \
             SELECT video, CASE kind WHEN {like} THEN 1 WHEN {unlike} THEN -1 ELSE 0 END, \
             CASE kind WHEN {view} THEN 1 ELSE 0 END FROM contest_event WHERE state = {open} AND video IN ({ids})\
             ) AS counted GROUP BY video"
        );
        for row in db.query_all_raw(statement(db, sql, chunk.iter().copied().map(Value::from))).await? {
            let found = VideoCounts { likes: row.try_get("", "likes")?, views: row.try_get("", "views")? };
            counts.insert(row.try_get("", "video")?, found);
        }
    }
    Ok(counts)
}
