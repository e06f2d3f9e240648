//! Idempotency keys in memory.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use tokio::time::Instant;

use crate::{
    RunId,
    ports::{AcceleratorError, Dedup},
};

/// How many keys are remembered before those whose time is over are looked for.
const SWEPT_FROM: usize = 1024;

/// Remembers idempotency keys in memory; clones share them.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use stagemark::{Engine, MemoryDedup, MemoryStore};
///
/// let engine = Engine::builder(MemoryStore::new()).dedup(MemoryDedup::new()).start().await?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Default)]
pub struct MemoryDedup {
    table: Arc<Mutex<Table>>,
}

#[derive(Debug, Default)]
struct Table {
    keys: HashMap<(String, String), (RunId, Instant)>,
    /// So many keys were left by the last look for those whose time is over.
    left: usize,
}

impl MemoryDedup {
    /// Nothing is remembered.
    pub fn new() -> Self {
        Self::default()
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Dedup for MemoryDedup {
    async fn recall(&self, workflow: &str, key: &str) -> Result<Option<RunId>, AcceleratorError> {
        let table = self.table();
        let known = table.keys.get(&(workflow.to_owned(), key.to_owned()));
        Ok(known.filter(|(_, until)| *until > Instant::now()).map(|(run, _)| *run))
    }

    async fn remember(
        &self,
        workflow: &str,
        key: &str,
        run: RunId,
        time_to_live: Duration,
    ) -> Result<(), AcceleratorError> {
        let (now, mut table) = (Instant::now(), self.table());
        // Each time that the table has doubled, so that a look costs little for each key.
        if table.keys.len() >= SWEPT_FROM.max(table.left * 2) {
            table.keys.retain(|_, (_, until)| *until > now);
            table.left = table.keys.len();
        }
        table.keys.insert((workflow.to_owned(), key.to_owned()), (run, now + time_to_live));
        Ok(())
    }
}
