//! Engines, steps and a store that counts.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use stagemark::{
    Attempt, Builder, Engine, FromFn, Name, StepError, Workflow, from_fn,
    ports::{Heartbeats, Store, StoreError, Write},
};
use tokio::time::timeout;

use crate::guarded::{Guard, Guarded};

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
pub(crate) type Counted = Guarded<Counting>;

/// Counts what goes in.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counting {
    submissions: Arc<AtomicUsize>,
    beats: Arc<AtomicUsize>,
}

impl Counted {
    pub(crate) fn submissions(&self) -> usize {
        self.guard.submissions.load(SeqCst)
    }

    pub(crate) fn beats(&self) -> usize {
        self.guard.beats.load(SeqCst)
    }
}

impl Guard for Counting {
    fn write(&self, writes: &[Write]) -> Result<(), StoreError> {
        let submissions = writes.iter().filter(|write| matches!(write, Write::Submit(_))).count();
        self.submissions.fetch_add(submissions, SeqCst);
        Ok(())
    }

    fn heartbeat(&self, beats: &Heartbeats) -> Result<(), StoreError> {
        self.beats.fetch_add(beats.beats.len(), SeqCst);
        Ok(())
    }
}
