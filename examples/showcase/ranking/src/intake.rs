//! Takes events in: written in a transaction of the caller's, to be counted after it is committed.

use sea_orm::{DatabaseTransaction, DbErr};
use stagemark_contest_records::{
    entity::event::Kind,
    events::{self, NewEvent, WrittenEvent},
};
use uuid::Uuid;

use crate::{
    Event,
    rankings::now,
    source::{kind_of, timestamp},
};

/// What became of events that came in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// Those that are new: to be given to [`Rankings::count`](crate::Rankings::count) after the commit.
    pub events: Vec<Event>,
    /// How many were known already.
    pub repeated: usize,
}

/// Writes events of videos that can be watched, each once.
pub async fn take(transaction: &DatabaseTransaction, new: &[NewEvent]) -> Result<Taken, DbErr> {
    let written = events::write(transaction, new, now_ms()).await?;
    Ok(Taken { events: written.events.into_iter().map(event).collect(), repeated: written.repeated })
}

/// Writes that somebody has begun to like a video, at this time.
pub async fn liked(transaction: &DatabaseTransaction, video: Uuid, at: i64) -> Result<Vec<Event>, DbErr> {
    take(transaction, &[of_like(video, Kind::Like, at)]).await.map(|taken| taken.events)
}

/// Writes that a like of a video, which was given at this time, was taken back.
pub async fn unliked(transaction: &DatabaseTransaction, video: Uuid, liked_at: i64) -> Result<Vec<Event>, DbErr> {
    take(transaction, &[of_like(video, Kind::Unlike, liked_at)]).await.map(|taken| taken.events)
}

fn of_like(video: Uuid, kind: Kind, at: i64) -> NewEvent {
    NewEvent { id: Uuid::now_v7(), video, kind, watch_ms: 0, at }
}

pub(crate) fn event(written: WrittenEvent) -> Event {
    let WrittenEvent { id, epoch, player, city, kind, watch_ms, at } = written;
    let (epoch, kind, at) = (epoch.unsigned_abs(), kind_of(kind, watch_ms), timestamp(at));
    Event { id, epoch, player, city: city.into(), kind, at }
}

pub(crate) fn now_ms() -> i64 {
    i64::try_from(now().0).unwrap_or(i64::MAX)
}
