//! Schedules in memory.

use async_trait::async_trait;

use super::MemoryStore;
use crate::ports::{ScheduleRow, Schedules, StoreError};

#[async_trait]
impl Schedules for MemoryStore {
    async fn schedules(&self) -> Result<Vec<ScheduleRow>, StoreError> {
        Ok(self.tables().schedules.values().cloned().collect())
    }

    async fn put_schedule(&self, row: &ScheduleRow) -> Result<bool, StoreError> {
        let schedules = &mut self.tables().schedules;
        let stored = schedules.get(&row.name).map_or(0, |stored| stored.revision);
        if stored != row.revision {
            return Ok(false);
        }
        schedules.insert(row.name.clone(), ScheduleRow { revision: stored + 1, ..row.clone() });
        Ok(true)
    }
}
