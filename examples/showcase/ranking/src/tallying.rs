//! Brings events into tallies.

use std::collections::HashMap;

use sea_orm::{DatabaseTransaction, DbErr};
use stagemark::Timestamp;
use stagemark_contest_records::{
    entity::{event::Kind, tally},
    events::{self, Due},
};
use uuid::Uuid;

use crate::{Weights, source::timestamp};

/// More than rounding makes of a sum, and less than a score shows.
const ROUNDING: f64 = 1e-9;

/// Why events were not tallied.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TallyError {
    /// Another is at it, or an event is still being written that began an epoch ago.
    #[error("the events cannot be tallied now, since others are at them; it is tried again")]
    Busy,
    /// The database refused.
    #[error("the events cannot be tallied")]
    Database(#[from] DbErr),
}

/// Brings events into the tallies of their videos, the oldest first, at most so many; gives how many.
///
/// All happens in this transaction: an event is in its tally once it says so, and not before. Sums lose their worth as
/// scores do, and so are kept without weights: those may be changed. A half-life that is changed holds from then on.
pub async fn tally(
    transaction: &DatabaseTransaction,
    weights: &Weights,
    now: Timestamp,
    limit: u64,
) -> Result<u64, TallyError> {
    let epoch = events::lock(transaction).await?.ok_or(TallyError::Busy)?;
    let due = events::due(transaction, epoch, limit).await?;
    let videos: Vec<Uuid> = due.iter().filter_map(|due| due.video).collect();
    let known = events::tallies(transaction, &unique(videos)).await?;
    let mut tallies: HashMap<_, _> = known.into_iter().map(|tally| (tally.video, aged(&tally, now, weights))).collect();
    for due in &due {
        if let Some(video) = due.video {
            add(tallies.entry(video).or_insert_with(|| empty(video, now)), due, weights);
        }
    }
    let tallies: Vec<_> = tallies.into_values().collect();
    let settled: Vec<_> = due.iter().map(|due| due.id).collect();
    events::settle(transaction, &tallies, &settled).await?;
    Ok(settled.len().try_into().unwrap_or(u64::MAX))
}

fn unique(mut videos: Vec<Uuid>) -> Vec<Uuid> {
    videos.sort_unstable();
    videos.dedup();
    videos
}

fn empty(video: Uuid, now: Timestamp) -> tally::Model {
    let as_of = i64::try_from(now.0).unwrap_or(i64::MAX);
    tally::Model { video, likes: 0, views: 0, watch_ms: 0, as_of, like_sum: 0.0, view_sum: 0.0, watch_sum: 0.0 }
}

/// A tally whose sums are relative to now.
fn aged(tally: &tally::Model, now: Timestamp, weights: &Weights) -> tally::Model {
    let left = weights.growth(now, timestamp(tally.as_of));
    tally::Model {
        like_sum: tally.like_sum * left,
        view_sum: tally.view_sum * left,
        watch_sum: tally.watch_sum * left,
        as_of: i64::try_from(now.0).unwrap_or(i64::MAX),
        ..*tally
    }
}

fn add(tally: &mut tally::Model, due: &Due, weights: &Weights) {
    let left = weights.growth(timestamp(tally.as_of), timestamp(due.at));
    match due.kind {
        Kind::Like => {
            tally.likes += 1;
            tally.like_sum += left;
        }
        Kind::Unlike => {
            tally.likes -= 1;
            tally.like_sum -= left;
        }
        Kind::View => {
            tally.views += 1;
            tally.view_sum += left;
        }
        Kind::Watch => {
            tally.watch_ms += due.watch_ms;
            tally.watch_sum += left * seconds(due.watch_ms);
        }
    }
    // Where nobody likes it nothing is left, not even what rounding leaves. More than that is left where one like is here and
    // another was taken back that is still to be tallied: events of one epoch come in any order.
    if tally.likes == 0 && tally.like_sum.abs() < ROUNDING {
        tally.like_sum = 0.0;
    }
}

#[expect(clippy::cast_precision_loss, reason = "exact for 285,000 years")]
fn seconds(millis: i64) -> f64 {
    millis as f64 / 1e3
}
