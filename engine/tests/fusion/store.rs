//! A store that tells what is written to it, and that can be told to fail.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering::SeqCst},
};

use async_trait::async_trait;
use stagemark::{
    MemoryStore, RunId, Timestamp,
    ports::{
        Census, Change, Claim, Claimed, Count, Counts, Filter, Heartbeats, Hint, Outbox, Outcome, Phase, Record,
        Renewed, Store, StoreError, StoreErrorKind, Summary, Write,
    },
};

/// Clones are the same store, as hosts share a database; but each fails alone.
#[derive(Debug, Default)]
pub(crate) struct Watched {
    pub(crate) store: MemoryStore,
    /// What was accepted.
    changes: Arc<Mutex<Vec<Change>>>,
    /// The next change that ends a task is not written.
    pub(crate) loses_an_end: AtomicBool,
    /// Signs of life do not reach it.
    pub(crate) is_deaf: Arc<AtomicBool>,
}

impl Watched {
    /// The same store, by a way of its own.
    pub(crate) fn again(&self) -> Self {
        Self { store: self.store.clone(), changes: Arc::clone(&self.changes), ..Self::default() }
    }

    /// How many tasks became done by each change that made some so.
    pub(crate) fn done_by_change(&self) -> Vec<usize> {
        let changes = self.changes.lock().unwrap();
        changes
            .iter()
            .map(|change| change.markers.iter().filter(|marker| is_done(marker.task.phase)).count())
            .filter(|done| *done > 0)
            .collect()
    }

    /// How many markers the changes wrote that were accepted.
    pub(crate) fn markers_written(&self) -> usize {
        self.changes.lock().unwrap().iter().map(|change| change.markers.len()).sum()
    }
}

fn is_done(phase: Phase) -> bool {
    matches!(phase, Phase::Done { .. })
}

fn ends(write: &Write) -> bool {
    matches!(write, Write::Change(change) if change.markers.iter().any(|marker| is_done(marker.task.phase)))
}

fn away(doing: &'static str) -> StoreError {
    StoreError { doing, kind: StoreErrorKind::Unreachable, source: None }
}

#[async_trait]
impl Store for Watched {
    async fn write(&self, writes: &[Write]) -> Result<Vec<Outcome>, StoreError> {
        if writes.iter().any(ends) && self.loses_an_end.swap(false, SeqCst) {
            return Err(away("writing"));
        }
        let outcomes = self.store.write(writes).await?;
        for (write, outcome) in writes.iter().zip(&outcomes) {
            if let (Write::Change(change), Outcome::Accepted) = (write, outcome) {
                self.changes.lock().unwrap().push(change.clone());
            }
        }
        Ok(outcomes)
    }

    async fn claim(&self, claim: &Claim) -> Result<Claimed, StoreError> {
        self.store.claim(claim).await
    }

    async fn load(&self, runs: &[RunId]) -> Result<Vec<Record>, StoreError> {
        self.store.load(runs).await
    }

    async fn heartbeat(&self, beats: &Heartbeats) -> Result<Renewed, StoreError> {
        if self.is_deaf.load(SeqCst) {
            return Err(away("renewing a lease"));
        }
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
impl Census for Watched {
    async fn census(&self, count: &Count) -> Result<Counts, StoreError> {
        self.store.census(count).await
    }
}

#[async_trait]
impl Outbox for Watched {
    async fn unsent(&self, before: Timestamp, limit: u32) -> Result<Vec<Hint>, StoreError> {
        self.store.unsent(before, limit).await
    }

    async fn sent(&self, hints: &[Hint]) -> Result<(), StoreError> {
        self.store.sent(hints).await
    }
}
