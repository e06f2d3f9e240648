//! A store in memory behind a guard, who sees what goes in and may refuse it. Each test says who that is.

use std::{fmt::Debug, sync::Arc};

use async_trait::async_trait;
use stagemark::{
    MemoryStore, RunId, Timestamp,
    ports::{
        Census, Claim, Claimed, Count, Counts, Filter, Forgotten, Found, Heartbeats, Hint, History, Maker, Outbox,
        Outcome, Page, Paged, Record, Renewed, ResultKey, Results, ScheduleRow, Schedules, Store, StoreError,
        StoreErrorKind, Summary, Wanted, Write,
    },
};

/// What stands between an engine and its store. It lets everything through, unless it says otherwise.
pub(crate) trait Guard: Debug + Send + Sync + 'static {
    fn write(&self, _writes: &[Write]) -> Result<(), StoreError> {
        Ok(())
    }

    /// What became of writes that were let through.
    fn wrote(&self, _writes: &[Write], _outcomes: &[Outcome]) {}

    fn claim(&self, _claim: &Claim) -> Result<(), StoreError> {
        Ok(())
    }

    fn heartbeat(&self, _beats: &Heartbeats) -> Result<(), StoreError> {
        Ok(())
    }

    /// What time it is for the store that is told so.
    fn time(&self, told: Timestamp) -> Timestamp {
        told
    }

    fn put_schedule(&self, _row: &ScheduleRow) -> Result<(), StoreError> {
        Ok(())
    }

    fn want(&self, _wanted: &Wanted) -> Result<(), StoreError> {
        Ok(())
    }

    /// What became of a wish that was let through.
    fn found(&self, _wanted: &Wanted, _found: &Found) {}
}

/// The error of a store that is away.
pub(crate) fn away(doing: &'static str) -> StoreError {
    StoreError { doing, kind: StoreErrorKind::Unreachable, source: None }
}

/// Clones share the store, and the guard as far as it says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Guarded<G> {
    pub(crate) store: MemoryStore,
    pub(crate) guard: G,
}

#[async_trait]
impl<G: Guard> Store for Guarded<G> {
    async fn write(&self, writes: &[Write]) -> Result<Vec<Outcome>, StoreError> {
        self.guard.write(writes)?;
        let outcomes = self.store.write(writes).await?;
        self.guard.wrote(writes, &outcomes);
        Ok(outcomes)
    }

    async fn claim(&self, claim: &Claim) -> Result<Claimed, StoreError> {
        self.guard.claim(claim)?;
        self.store.claim(claim).await
    }

    async fn load(&self, runs: &[RunId]) -> Result<Vec<Record>, StoreError> {
        self.store.load(runs).await
    }

    async fn heartbeat(&self, beats: &Heartbeats) -> Result<Renewed, StoreError> {
        self.guard.heartbeat(beats)?;
        let renewed = self.store.heartbeat(beats).await?;
        Ok(Renewed { now: self.guard.time(renewed.now), ..renewed })
    }

    async fn list(&self, filter: &Filter) -> Result<Vec<Summary>, StoreError> {
        self.store.list(filter).await
    }

    async fn graph(&self, workflow: &str, version: u32, proposed: Option<&str>) -> Result<Option<String>, StoreError> {
        self.store.graph(workflow, version, proposed).await
    }
}

#[async_trait]
impl<G: Guard> Census for Guarded<G> {
    async fn census(&self, count: &Count) -> Result<Counts, StoreError> {
        self.store.census(count).await
    }
}

#[async_trait]
impl<G: Guard> History for Guarded<G> {
    async fn page(&self, page: &Page) -> Result<Paged, StoreError> {
        self.store.page(page).await
    }

    async fn forget(&self, run: RunId) -> Result<Forgotten, StoreError> {
        self.store.forget(run).await
    }
}

#[async_trait]
impl<G: Guard> Outbox for Guarded<G> {
    async fn unsent(&self, before: Timestamp, limit: u32) -> Result<Vec<Hint>, StoreError> {
        self.store.unsent(before, limit).await
    }

    async fn sent(&self, hints: &[Hint]) -> Result<(), StoreError> {
        self.store.sent(hints).await
    }
}

#[async_trait]
impl<G: Guard> Results for Guarded<G> {
    async fn want(&self, wanted: &Wanted) -> Result<Found, StoreError> {
        self.guard.want(wanted)?;
        let found = self.store.want(wanted).await?;
        self.guard.found(wanted, &found);
        Ok(found)
    }

    async fn give_up(&self, key: ResultKey, maker: Maker) -> Result<(), StoreError> {
        self.store.give_up(key, maker).await
    }

    async fn expire(&self, before: Timestamp, limit: u32) -> Result<u32, StoreError> {
        self.store.expire(before, limit).await
    }

    async fn outputs(&self) -> Result<Vec<Arc<str>>, StoreError> {
        self.store.outputs().await
    }
}

#[async_trait]
impl<G: Guard> Schedules for Guarded<G> {
    async fn schedules(&self) -> Result<Vec<ScheduleRow>, StoreError> {
        self.store.schedules().await
    }

    async fn put_schedule(&self, row: &ScheduleRow) -> Result<bool, StoreError> {
        self.guard.put_schedule(row)?;
        self.store.put_schedule(row).await
    }
}
