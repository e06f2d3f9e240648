//! Locks in memory.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use tokio::time::Instant;

use crate::ports::{AcceleratorError, HeldLock, LockToken, Locks};

/// Keeps locks in memory; clones share them, so that engines of one process exclude each other.
///
/// Engines in other processes do not see them: there, use what all of them reach, as `stagemark-redis`.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use stagemark::{Engine, MemoryLocks, MemoryStore};
///
/// let engine = Engine::builder(MemoryStore::new()).locks(MemoryLocks::new()).start().await?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Default)]
pub struct MemoryLocks {
    table: Arc<Mutex<Table>>,
}

#[derive(Debug, Default)]
struct Table {
    /// The greatest fencing token so far, of any lock.
    fence: u64,
    locks: HashMap<Arc<str>, (HeldLock, Instant)>,
}

impl MemoryLocks {
    /// No lock is held.
    pub fn new() -> Self {
        Self::default()
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Locks for MemoryLocks {
    async fn acquire(
        &self,
        name: &str,
        token: LockToken,
        time_to_live: Duration,
    ) -> Result<Option<HeldLock>, AcceleratorError> {
        let (now, mut table) = (Instant::now(), self.table());
        let until = now + time_to_live;
        if let Some((held, holds_until)) = table.locks.get_mut(name)
            && *holds_until > now
        {
            if held.token != token {
                return Ok(None);
            }
            *holds_until = until;
            return Ok(Some(held.clone()));
        }
        table.fence += 1;
        let held = HeldLock { name: name.into(), token, fencing_token: table.fence };
        table.locks.insert(Arc::clone(&held.name), (held.clone(), until));
        Ok(Some(held))
    }

    async fn renew(&self, held: &HeldLock, time_to_live: Duration) -> Result<bool, AcceleratorError> {
        let mut table = self.table();
        let own = table.locks.get_mut(&held.name).filter(|(holds, _)| holds.token == held.token);
        let until = Instant::now() + time_to_live;
        Ok(own.map(|(_, holds_until)| *holds_until = until).is_some())
    }

    async fn release(&self, held: &HeldLock) -> Result<bool, AcceleratorError> {
        let mut table = self.table();
        let is_own = |(holds, until): &(HeldLock, Instant)| holds.token == held.token && *until > Instant::now();
        let own = table.locks.get(&held.name).is_some_and(is_own);
        if own {
            table.locks.remove(&held.name);
        }
        Ok(own)
    }
}
