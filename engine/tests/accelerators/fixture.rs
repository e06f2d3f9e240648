//! Engines, steps and a store that counts.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use async_trait::async_trait;
use stagemark::{
    Attempt, Builder, Engine, FromFn, MemoryStore, Name, StepError, Timestamp, Workflow, from_fn,
    ports::{
        Census, Claim, Claimed, Count, Counts, Filter, Heartbeats, Hint, Outbox, Outcome, Record, Renewed, Store,
        StoreError, Summary, Write,
    },
};
use tokio::time::timeout;

pub(crate) const WORK: Workflow<u32, u32> = Workflow::new("work");
pub(crate) const STEP: Name = Name::new("work");

/// Long enough for any test here, and short enough to see which one hangs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) fn builder(store: &(impl Store + Clone)) -> Builder {
    Engine::builder(store.clone()).lease(Duration::from_secs(1)).poll(Duration::from_millis(50))
}

/// A step that does this.
pub(crate) fn step<F, Fut>(work: F) -> FromFn<impl Fn(Attempt, u32) -> Fut + Send + Sync + 'static, u32, u32>
where
    F: Fn(Attempt, u32) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<u32, StepError>> + Send,
{
    from_fn(STEP, work)
}

pub(crate) async fn soon<T>(work: impl Future<Output = T>) -> T {
    timeout(PATIENCE, work).await.expect("it should not take so long")
}

/// Waits until something holds.
pub(crate) async fn until(holds: impl AsyncFn() -> bool) {
    soon(async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}

/// How many are inside at a time, and how many were at most.
#[derive(Clone, Debug, Default)]
pub(crate) struct Crowd {
    now: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
}

impl Crowd {
    pub(crate) async fn enter(&self, stay: Duration) {
        let inside = self.now.fetch_add(1, SeqCst) + 1;
        self.most.fetch_max(inside, SeqCst);
        tokio::time::sleep(stay).await;
        self.now.fetch_sub(1, SeqCst);
    }

    pub(crate) fn most(&self) -> usize {
        self.most.load(SeqCst)
    }

    pub(crate) fn now(&self) -> usize {
        self.now.load(SeqCst)
    }
}

/// A store that counts what it is given.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counted {
    store: MemoryStore,
    submissions: Arc<AtomicUsize>,
    beats: Arc<AtomicUsize>,
}

impl Counted {
    pub(crate) fn submissions(&self) -> usize {
        self.submissions.load(SeqCst)
    }

    pub(crate) fn beats(&self) -> usize {
        self.beats.load(SeqCst)
    }
}

#[async_trait]
impl Store for Counted {
    async fn write(&self, writes: &[Write]) -> Result<Vec<Outcome>, StoreError> {
        let submissions = writes.iter().filter(|write| matches!(write, Write::Submit(_))).count();
        self.submissions.fetch_add(submissions, SeqCst);
        self.store.write(writes).await
    }

    async fn claim(&self, claim: &Claim) -> Result<Claimed, StoreError> {
        self.store.claim(claim).await
    }

    async fn load(&self, runs: &[stagemark::RunId]) -> Result<Vec<Record>, StoreError> {
        self.store.load(runs).await
    }

    async fn heartbeat(&self, beats: &Heartbeats) -> Result<Renewed, StoreError> {
        self.beats.fetch_add(beats.beats.len(), SeqCst);
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
impl Census for Counted {
    async fn census(&self, count: &Count) -> Result<Counts, StoreError> {
        self.store.census(count).await
    }
}

#[async_trait]
impl Outbox for Counted {
    async fn unsent(&self, before: Timestamp, limit: u32) -> Result<Vec<Hint>, StoreError> {
        self.store.unsent(before, limit).await
    }

    async fn sent(&self, hints: &[Hint]) -> Result<(), StoreError> {
        self.store.sent(hints).await
    }
}
