//! Counting runs in memory.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;

use super::MemoryStore;
use crate::ports::{Census, Count, Counts, QueueCount, RunCount, StoreError};

#[async_trait]
impl Census for MemoryStore {
    async fn census(&self, count: &Count) -> Result<Counts, StoreError> {
        let tables = self.tables();
        let limit = count.limit as usize;
        let mut runs = BTreeMap::new();
        let live = tables.runs.values().filter(|row| !row.record.status.has_ended());
        for row in live.take(limit) {
            let of = (Arc::clone(&row.record.workflow), row.record.status.to_string());
            runs.entry(of).or_insert((row.record.status, 0)).1 += 1;
        }
        let mut queues = BTreeMap::new();
        let places =
            tables.runs.values().flat_map(|row| row.queue.iter().map(|entry| (&row.record.workflow, entry.due)));
        for (workflow, due) in places.filter(|(_, due)| *due <= count.now).take(limit) {
            let queue = queues.entry(Arc::clone(workflow)).or_insert((0, due));
            *queue = (queue.0 + 1, queue.1.min(due));
        }
        Ok(Counts {
            runs: runs.into_iter().map(|((workflow, _), (status, runs))| RunCount { workflow, status, runs }).collect(),
            queues: queues.into_iter().map(|(workflow, (due, oldest))| QueueCount { workflow, due, oldest }).collect(),
            unsent: u32::try_from(tables.outbox.len().min(limit)).unwrap_or(u32::MAX),
        })
    }
}
