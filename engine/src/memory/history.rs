//! Runs in memory, page by page.

use async_trait::async_trait;

use super::{MemoryStore, store::Row};
use crate::{
    RunId,
    ports::{Forgotten, History, Listed, Page, Paged, Record, StoreError},
};

#[async_trait]
impl History for MemoryStore {
    async fn page(&self, page: &Page) -> Result<Paged, StoreError> {
        let tables = self.tables();
        let older = tables.runs.iter().rev().filter(|(id, _)| page.before.is_none_or(|before| **id < before));
        let look = if page.has_ready() { page.look as usize } else { usize::MAX };
        let mut paged = Paged::default();
        for (at, (id, row)) in older.enumerate() {
            if at == look || paged.runs.len() == page.limit as usize {
                return Ok(paged);
            }
            paged.next = Some(*id);
            if is_asked_for(row, page) {
                paged.runs.push(listed(&row.record));
            }
        }
        Ok(Paged { next: None, ..paged })
    }

    async fn forget(&self, run: RunId) -> Result<Forgotten, StoreError> {
        let mut tables = self.tables();
        let Some(row) = tables.runs.get(&run) else { return Ok(Forgotten::Unknown) };
        if !row.record.status.has_ended() {
            return Ok(Forgotten::Live(row.record.status));
        }
        tables.remove(run);
        Ok(Forgotten::Removed)
    }
}

fn is_asked_for(row: &Row, page: &Page) -> bool {
    let (status, workflow) = (row.record.status, &row.record.workflow);
    (page.statuses.is_empty() || page.statuses.contains(&status))
        && page.workflow.as_ref().is_none_or(|asked| asked == workflow)
}

fn listed(record: &Record) -> Listed {
    let Record { id, version, status, submitted, ended, .. } = *record;
    Listed { id, workflow: record.workflow.clone(), version, status, submitted, ended, error: record.error.clone() }
}
