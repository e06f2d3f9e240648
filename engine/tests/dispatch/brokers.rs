//! Brokers that are not as they should be.

use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
};

use async_trait::async_trait;
use stagemark::{
    MemoryDispatch,
    ports::{Delivery, Dispatch, DispatchError, Hint},
};

/// One that confirms each message, and loses it.
#[derive(Clone, Debug)]
pub(crate) struct Leaky;

#[async_trait]
impl Dispatch for Leaky {
    async fn publish(&self, _hints: &[Hint]) -> Result<(), DispatchError> {
        Ok(())
    }

    async fn receive(&self, _pools: &[Arc<str>], _limit: usize) -> Result<Vec<Delivery>, DispatchError> {
        pending().await
    }

    async fn settle(&self, _deliveries: Vec<Delivery>) -> Result<(), DispatchError> {
        Ok(())
    }
}

/// One that can be away, and that counts what is asked of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fickle {
    broker: MemoryDispatch,
    is_away: Arc<AtomicBool>,
    refusals: Arc<AtomicUsize>,
    settled: Arc<AtomicUsize>,
}

impl Fickle {
    pub(crate) fn set_away(&self, is_away: bool) {
        self.is_away.store(is_away, SeqCst);
    }

    /// How often it refused something.
    pub(crate) fn refusals(&self) -> usize {
        self.refusals.load(SeqCst)
    }

    /// How many hints were settled.
    pub(crate) fn settled(&self) -> usize {
        self.settled.load(SeqCst)
    }

    fn answer(&self, doing: &'static str) -> Result<(), DispatchError> {
        if self.is_away.load(SeqCst) {
            self.refusals.fetch_add(1, SeqCst);
            return Err(DispatchError::new(doing, "it is away"));
        }
        Ok(())
    }
}

#[async_trait]
impl Dispatch for Fickle {
    async fn publish(&self, hints: &[Hint]) -> Result<(), DispatchError> {
        self.answer("publishing")?;
        self.broker.publish(hints).await
    }

    async fn receive(&self, pools: &[Arc<str>], limit: usize) -> Result<Vec<Delivery>, DispatchError> {
        self.answer("receiving")?;
        self.broker.receive(pools, limit).await
    }

    async fn settle(&self, deliveries: Vec<Delivery>) -> Result<(), DispatchError> {
        self.answer("settling")?;
        self.settled.fetch_add(deliveries.len(), SeqCst);
        self.broker.settle(deliveries).await
    }
}
