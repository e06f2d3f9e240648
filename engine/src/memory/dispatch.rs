//! Hints in memory.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use async_trait::async_trait;
use tokio::sync::Notify;

use crate::{
    Priority,
    ports::{Delivery, Dispatch, DispatchError, Hint},
};

/// Carries hints in memory; clones share one broker, as the connections of several processes do.
///
/// A clone that is dropped is a process that died: what it received and did not settle is handed to another.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use stagemark::{Engine, MemoryDispatch, MemoryStore};
///
/// let (store, broker) = (MemoryStore::new(), MemoryDispatch::new());
/// let first = Engine::builder(store.clone()).dispatch(broker.clone()).start().await?;
/// let second = Engine::builder(store).dispatch(broker).start().await?;
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct MemoryDispatch {
    broker: Arc<Broker>,
    /// Which of the clones this is.
    client: u64,
}

#[derive(Debug, Default)]
struct Broker {
    queues: Mutex<Queues>,
    arrived: Notify,
    clients: AtomicU64,
}

#[derive(Debug, Default)]
struct Queues {
    /// By pool: the highest priority first, then the first that came.
    ready: HashMap<Arc<str>, BTreeMap<Place, Hint>>,
    /// By tag: who has it, where it stood, and what it says.
    unsettled: HashMap<u64, (u64, Place, Hint)>,
    last: u64,
}

type Place = (Reverse<Priority>, u64);

impl MemoryDispatch {
    /// A broker without hints.
    pub fn new() -> Self {
        Self { broker: Arc::default(), client: 0 }
    }
}

impl Default for MemoryDispatch {
    fn default() -> Self {
        Self::new()
    }
}

impl Clone for MemoryDispatch {
    fn clone(&self) -> Self {
        let client = self.broker.clients.fetch_add(1, Relaxed) + 1;
        Self { broker: Arc::clone(&self.broker), client }
    }
}

impl Drop for MemoryDispatch {
    fn drop(&mut self) {
        self.broker.queues().give_back(self.client);
        self.broker.arrived.notify_waiters();
    }
}

#[async_trait]
impl Dispatch for MemoryDispatch {
    async fn publish(&self, hints: &[Hint]) -> Result<(), DispatchError> {
        let mut queues = self.broker.queues();
        for hint in hints {
            let place = (Reverse(hint.priority), queues.next());
            queues.ready.entry(Arc::clone(&hint.pool)).or_default().insert(place, hint.clone());
        }
        drop(queues);
        self.broker.arrived.notify_waiters();
        Ok(())
    }

    async fn receive(&self, pools: &[Arc<str>], limit: usize) -> Result<Vec<Delivery>, DispatchError> {
        loop {
            let arrived = self.broker.arrived.notified();
            tokio::pin!(arrived);
            // Before the look, so that what arrives after it is heard of.
            arrived.as_mut().enable();
            let found = self.broker.queues().take(self.client, pools, limit.max(1));
            if !found.is_empty() {
                return Ok(found);
            }
            arrived.await;
        }
    }

    async fn settle(&self, deliveries: Vec<Delivery>) -> Result<(), DispatchError> {
        let mut queues = self.broker.queues();
        for delivery in deliveries {
            queues.unsettled.remove(&delivery.tag);
        }
        Ok(())
    }
}

impl Broker {
    fn queues(&self) -> MutexGuard<'_, Queues> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queues {
    fn next(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    fn take(&mut self, client: u64, pools: &[Arc<str>], limit: usize) -> Vec<Delivery> {
        let mut found = Vec::new();
        while found.len() < limit
            && let Some((place, hint)) = self.first(pools)
        {
            let tag = self.next();
            found.push(Delivery { hint: Some(hint.clone()), tag });
            self.unsettled.insert(tag, (client, place, hint));
        }
        found
    }

    /// Takes the first of all that are in these pools.
    fn first(&mut self, pools: &[Arc<str>]) -> Option<(Place, Hint)> {
        let first = |pool: &Arc<str>| Some((*self.ready.get(pool)?.first_key_value()?.0, Arc::clone(pool)));
        let (_, pool) = pools.iter().filter_map(first).min()?;
        self.ready.get_mut(&pool)?.pop_first()
    }

    /// What a client that is gone had not settled stands again where it stood.
    fn give_back(&mut self, client: u64) {
        for (_, (_, place, hint)) in self.unsettled.extract_if(|_, (holder, ..)| *holder == client) {
            self.ready.entry(Arc::clone(&hint.pool)).or_default().insert(place, hint);
        }
    }
}
