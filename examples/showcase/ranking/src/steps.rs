//! Steps of the workflows that keep boards and lists right: events become tallies, and what is asked for is made before.

use std::time::Duration;

use stagemark::{Attempt, Name, Step, StepError};
use stagemark_contest_contract::{CITIES, CacheScope, Consolidated, Published, Tick, Warm};
use stagemark_contest_lists::Latest;
use stagemark_contest_records::{Records, events};
use stagemark_sql::InTransaction;

use crate::{
    Board, Rankings, TallyError, Weights,
    intake::{self, now_ms},
    rankings::now,
    tally,
};

/// How many events one transaction tallies: a few tenths of a second.
const BATCH: u64 = 5_000;
/// For how long an event is known when it is sent again.
pub const KNOWN_FOR: Duration = Duration::from_hours(48);
/// How old an event may be when it comes in: well below the time for which it is known.
pub const AGE_MAX: Duration = Duration::from_hours(24);

/// Brings events into tallies, in many small transactions; ends the epoch in that of its marker.
///
/// An event says in its own row whether it is tallied, so it does not matter how often this is tried; the epoch ends once,
/// with the step.
#[derive(Clone, Debug)]
pub struct Consolidate {
    records: Records,
    weights: Weights,
}

impl Consolidate {
    /// On these tables, with the half-life of these weights.
    pub fn new(records: Records, weights: Weights) -> Self {
        Self { records, weights }
    }

    async fn batch(&self) -> Result<u64, StepError> {
        let transaction = self.records.begin().await?;
        let tallied = tally(&transaction, &self.weights, now(), BATCH).await?;
        let before = now_ms().saturating_sub_unsigned(millis(KNOWN_FOR));
        events::purge(&transaction, before, BATCH).await?;
        transaction.commit().await?;
        Ok(tallied)
    }
}

impl Step for Consolidate {
    const NAME: Name = Name::new("consolidate");
    type Input = Tick;
    type Output = Consolidated;

    async fn run(&self, attempt: &Attempt, _tick: Tick) -> Result<Consolidated, StepError> {
        let mut events = 0;
        loop {
            let tallied = self.batch().await?;
            events += tallied;
            if tallied < BATCH {
                break;
            }
            attempt.heartbeat();
        }
        attempt.transaction(|transaction| {
            Box::pin(async move {
                events::lock(transaction).await?.ok_or(TallyError::Busy)?;
                events::end_epoch(transaction).await?;
                Ok(())
            })
        });
        Ok(Consolidated { events })
    }
}

/// Counts once more what came in since the last two consolidations: an event whose host has died before it was counted, or
/// that a Redis has lost which failed over, is on the boards from now on. The others are not counted twice.
#[derive(Clone, Debug)]
pub struct RefreshRankings {
    records: Records,
    rankings: Rankings,
}

impl RefreshRankings {
    /// The boards of these rankings, by these tables.
    pub fn new(records: Records, rankings: Rankings) -> Self {
        Self { records, rankings }
    }
}

impl Step for RefreshRankings {
    const NAME: Name = Name::new("refresh-rankings");
    type Input = Consolidated;
    type Output = Consolidated;

    async fn run(&self, _attempt: &Attempt, consolidated: Consolidated) -> Result<Consolidated, StepError> {
        let open: Vec<_> = events::open(&self.records).await?.into_iter().map(intake::event).collect();
        self.rankings.count_again(&open).await?;
        Ok(consolidated)
    }
}

/// The last step of a video that has just become one to be watched: what came in of it since is on the boards, also where
/// the host has died that took it in. However often it is done, nothing is counted twice.
///
/// The list of the latest videos has it from then on too. Neither is waited for where it is away: boards are made anew
/// before they are believed again, and the list is gone in some seconds.
#[derive(Clone, Debug)]
pub struct Refresh {
    records: Records,
    rankings: Rankings,
    latest: Latest,
}

impl Refresh {
    /// The boards of these rankings, by these tables, and this list.
    pub fn new(records: Records, rankings: Rankings, latest: Latest) -> Self {
        Self { records, rankings, latest }
    }
}

impl Step for Refresh {
    const NAME: Name = Name::new("refresh");
    type Input = Published;
    type Output = Published;

    async fn run(&self, _attempt: &Attempt, published: Published) -> Result<Published, StepError> {
        let open = events::open_of(&self.records, published.video).await?;
        let open: Vec<_> = open.into_iter().map(intake::event).collect();
        self.rankings.count(&open).await;
        self.latest.changed().await;
        Ok(published)
    }
}

/// Makes boards and the list of the latest videos before somebody asks for them. They can be read all the while, unless they
/// are to be dropped first.
#[derive(Clone, Debug)]
pub struct WarmCaches {
    rankings: Rankings,
    latest: Latest,
}

impl WarmCaches {
    /// The boards of these rankings, and this list.
    pub fn new(rankings: Rankings, latest: Latest) -> Self {
        Self { rankings, latest }
    }

    async fn lists(&self, warm: &Warm) -> Result<(), StepError> {
        if warm.invalidate {
            self.latest.changed().await;
        }
        Ok(self.latest.warm().await?)
    }

    async fn boards(&self, attempt: &Attempt, warm: &Warm) -> Result<(), StepError> {
        for board in boards() {
            if warm.invalidate {
                self.rankings.forget(&board).await?;
            }
            self.rankings.refresh(&board).await?;
            attempt.heartbeat();
        }
        Ok(())
    }
}

impl Step for WarmCaches {
    const NAME: Name = Name::new("warm-caches");
    type Input = Warm;
    type Output = ();

    async fn run(&self, attempt: &Attempt, warm: Warm) -> Result<(), StepError> {
        if warm.scope != CacheScope::Rankings {
            self.lists(&warm).await?;
        }
        if warm.scope != CacheScope::Lists {
            self.boards(attempt, &warm).await?;
        }
        Ok(())
    }
}

/// All boards.
pub fn boards() -> impl Iterator<Item = Board> {
    std::iter::once(Board::Global).chain(CITIES.iter().copied().map(Board::city))
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
