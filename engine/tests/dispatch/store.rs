//! A store whose claims can fail.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
};

use async_trait::async_trait;
use stagemark::{
    MemoryStore, RunId, Timestamp,
    ports::{
        Census, Claim, Claimed, Count, Counts, Filter, Heartbeats, Hint, Outbox, Outcome, Record, Renewed, Store,
        StoreError, StoreErrorKind, Summary, Write,
    },
};

/// It cannot be claimed from while it is away.
#[derive(Clone, Debug, Default)]
pub(crate) struct Away {
    store: MemoryStore,
    gone: Arc<AtomicBool>,
    refusals: Arc<AtomicUsize>,
}

impl Away {
    pub(crate) fn set_away(&self, gone: bool) {
        self.gone.store(gone, SeqCst);
    }

    /// How many claims of hinted runs failed.
    pub(crate) fn refusals(&self) -> usize {
        self.refusals.load(SeqCst)
    }
}

#[async_trait]
impl Store for Away {
    async fn write(&self, writes: &[Write]) -> Result<Vec<Outcome>, StoreError> {
        self.store.write(writes).await
    }

    async fn claim(&self, claim: &Claim) -> Result<Claimed, StoreError> {
        if self.gone.load(SeqCst) {
            self.refusals.fetch_add(usize::from(!claim.hinted.is_empty()), SeqCst);
            return Err(StoreError { doing: "claiming", kind: StoreErrorKind::Unreachable, source: None });
        }
        self.store.claim(claim).await
    }

    async fn load(&self, runs: &[RunId]) -> Result<Vec<Record>, StoreError> {
        self.store.load(runs).await
    }

    async fn heartbeat(&self, beats: &Heartbeats) -> Result<Renewed, StoreError> {
        self.store.heartbeat(beats).await
    }

    async fn list(&self, filter: &Filter) -> Result<Vec<Summary>, StoreError> {
        self.store.list(filter).await
    }

    async fn graph(&self, workflow: &str, version: u32, proposed: Option<&str>) -> Result<Option<String>, StoreError> {
        self.store.graph(workflow, version, proposed).await
    }
}

#[async_trait]
impl Census for Away {
    async fn census(&self, count: &Count) -> Result<Counts, StoreError> {
        self.store.census(count).await
    }
}

#[async_trait]
impl Outbox for Away {
    async fn unsent(&self, before: Timestamp, limit: u32) -> Result<Vec<Hint>, StoreError> {
        self.store.unsent(before, limit).await
    }

    async fn sent(&self, hints: &[Hint]) -> Result<(), StoreError> {
        self.store.sent(hints).await
    }
}
