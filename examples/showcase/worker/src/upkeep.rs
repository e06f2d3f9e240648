//! What is done by the clock, once in the whole fleet: events become tallies, and boards are made before somebody asks.

use std::time::Duration;

use stagemark::{Definition, Name, Schedule, ScheduleError};
use stagemark_contest_contract::{CONSOLIDATE, CacheScope, Tick, WARM, Warm};
use stagemark_contest_lists::Latest;
use stagemark_contest_ranking::{
    Rankings, Weights,
    steps::{Consolidate, RefreshRankings, WarmCaches},
};
use stagemark_contest_records::Records;

/// How old an event may get before it is in a tally.
const CONSOLIDATE_EVERY: Duration = Duration::from_mins(1);
/// Less than a board's time to live, so that nobody finds one cold.
const WARM_EVERY: Duration = Duration::from_mins(5);

/// What keeps tallies and boards right.
#[derive(Clone, Debug)]
pub struct Upkeep {
    /// The contest's tables.
    pub records: Records,
    /// The boards.
    pub rankings: Rankings,
    /// The list of the latest videos.
    pub latest: Latest,
    /// What counts how much.
    pub weights: Weights,
}

impl Upkeep {
    /// The workflows.
    pub fn definitions(self) -> [Definition; 2] {
        let Self { records, rankings, latest, weights } = self;
        let consolidate = CONSOLIDATE.define(|tick| {
            let consolidated = tick.then(Consolidate::new(records.clone(), weights));
            consolidated.then(RefreshRankings::new(records, rankings.clone()))
        });
        [consolidate, WARM.define(|order| order.then(WarmCaches::new(rankings, latest)))]
    }

    /// When they run.
    ///
    /// # Errors
    /// If an interval is none that can be kept.
    pub fn schedules() -> Result<[Schedule; 2], ScheduleError> {
        let warm = Warm { scope: CacheScope::All, invalidate: false };
        let consolidating = Schedule::new(Name::new("contest-consolidate"), CONSOLIDATE, Tick { at_ms: 0 });
        let warming = Schedule::new(Name::new("contest-warm"), WARM, warm);
        Ok([consolidating.every(CONSOLIDATE_EVERY)?, warming.every(WARM_EVERY)?])
    }
}
