//! Accelerators that can be away.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use async_trait::async_trait;
use stagemark::{
    MemoryDedup, MemoryLimits, MemoryLive, MemoryLocks, RunId,
    ports::{
        AcceleratorError, Dedup, Drawn, Glimpse, HeldLock, Holding, Limits, Live, LockToken, Locks, News, RateLimit,
        Semaphore,
    },
};

/// All accelerators in memory, behind one switch.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fickle {
    away: Arc<AtomicBool>,
    pub(crate) locks: MemoryLocks,
    pub(crate) dedup: MemoryDedup,
    pub(crate) live: MemoryLive,
    pub(crate) limits: MemoryLimits,
}

impl Fickle {
    pub(crate) fn go_away(&self) {
        self.away.store(true, SeqCst);
    }

    pub(crate) fn come_back(&self) {
        self.away.store(false, SeqCst);
    }

    fn answers(&self) -> Result<(), AcceleratorError> {
        if self.away.load(SeqCst) { Err(AcceleratorError::new("asking", "it is away")) } else { Ok(()) }
    }
}

#[async_trait]
impl Locks for Fickle {
    async fn acquire(
        &self,
        name: &str,
        token: LockToken,
        time_to_live: Duration,
    ) -> Result<Option<HeldLock>, AcceleratorError> {
        self.answers()?;
        self.locks.acquire(name, token, time_to_live).await
    }

    async fn renew(&self, held: &HeldLock, time_to_live: Duration) -> Result<bool, AcceleratorError> {
        self.answers()?;
        self.locks.renew(held, time_to_live).await
    }

    async fn release(&self, held: &HeldLock) -> Result<bool, AcceleratorError> {
        self.answers()?;
        self.locks.release(held).await
    }
}

#[async_trait]
impl Dedup for Fickle {
    async fn recall(&self, workflow: &str, key: &str) -> Result<Option<RunId>, AcceleratorError> {
        self.answers()?;
        self.dedup.recall(workflow, key).await
    }

    async fn remember(
        &self,
        workflow: &str,
        key: &str,
        run: RunId,
        time_to_live: Duration,
    ) -> Result<(), AcceleratorError> {
        self.answers()?;
        self.dedup.remember(workflow, key, run, time_to_live).await
    }
}

#[async_trait]
impl Live for Fickle {
    async fn tell(&self, news: &[News], time_to_live: Duration) -> Result<(), AcceleratorError> {
        self.answers()?;
        self.live.tell(news, time_to_live).await
    }

    async fn look(&self, run: RunId) -> Result<Glimpse, AcceleratorError> {
        self.answers()?;
        self.live.look(run).await
    }
}

#[async_trait]
impl Limits for Fickle {
    async fn hold(
        &self,
        semaphore: &Semaphore,
        holding: &Holding,
        time_to_live: Duration,
    ) -> Result<u32, AcceleratorError> {
        self.answers()?;
        self.limits.hold(semaphore, holding, time_to_live).await
    }

    async fn draw(&self, limit: &RateLimit, wanted: u32) -> Result<Drawn, AcceleratorError> {
        self.answers()?;
        self.limits.draw(limit, wanted).await
    }

    async fn put_back(&self, limit: &RateLimit, draw: Drawn, unused: u32) -> Result<(), AcceleratorError> {
        self.answers()?;
        self.limits.put_back(limit, draw, unused).await
    }
}
