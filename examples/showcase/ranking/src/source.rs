//! The contest's tables as what boards are computed from.

use std::{collections::HashMap, time::Duration};

use async_trait::async_trait;
use stagemark::Timestamp;
use stagemark_contest_records::{
    Records,
    entity::event,
    events::{self, BoardRows, EventRow, TallyRow},
};
use uuid::Uuid;

use crate::{
    Board, Kind, Snapshot, Weights,
    ports::{Source, SourceError},
    rankings::now,
};

/// The contest's tables.
#[derive(Clone, Debug)]
pub struct RecordsSource {
    records: Records,
    weights: Weights,
}

impl RecordsSource {
    /// These tables, with scores by these weights.
    pub fn new(records: Records, weights: Weights) -> Self {
        Self { records, weights }
    }
}

#[async_trait]
impl Source for RecordsSource {
    async fn snapshot(&self, board: &Board) -> Result<Snapshot, SourceError> {
        let city = match board {
            Board::Global => None,
            Board::City(name) => Some(&**name),
        };
        let rows = events::board(&self.records, city).await.map_err(|error| SourceError(error.into()))?;
        Ok(snapshot(&rows, now(), &self.weights))
    }
}

fn snapshot(rows: &BoardRows, landmark: Timestamp, weights: &Weights) -> Snapshot {
    let BoardRows { epoch, tallies, events } = rows;
    let mut snapshot = Snapshot { epoch: epoch.unsigned_abs(), landmark, ..Snapshot::default() };
    let mut sums: HashMap<Uuid, f64> = HashMap::new();
    for TallyRow { player, as_of, like_sum, view_sum, watch_sum } in tallies {
        let sum = like_sum * weights.like + view_sum * weights.view + watch_sum * weights.watch_second;
        *sums.entry(*player).or_default() += sum * weights.growth(landmark, timestamp(*as_of));
    }
    let closed = snapshot.closed();
    for EventRow { id, epoch, player, kind, watch_ms, at, counts } in events {
        if epoch.unsigned_abs() > closed {
            snapshot.open.push((*id, epoch.unsigned_abs()));
        }
        if *counts {
            let worth = weights.of(kind_of(*kind, *watch_ms)) * weights.growth(landmark, timestamp(*at));
            *sums.entry(*player).or_default() += worth;
        }
    }
    snapshot.scores = sums.into_iter().collect();
    snapshot
}

pub(crate) fn kind_of(kind: event::Kind, watch_ms: i64) -> Kind {
    match kind {
        event::Kind::Like => Kind::Like,
        event::Kind::Unlike => Kind::Unlike,
        event::Kind::View => Kind::View,
        event::Kind::Watch => Kind::Watch(Duration::from_millis(u64::try_from(watch_ms).unwrap_or(0))),
    }
}

/// A time before 1970 is taken for then.
pub(crate) fn timestamp(at: i64) -> Timestamp {
    Timestamp(u64::try_from(at).unwrap_or(0))
}
