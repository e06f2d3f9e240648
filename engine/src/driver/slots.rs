//! How many attempts this worker runs at a time: in all, and of each step.

use std::{collections::HashMap, sync::Arc};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::permits::{Permit, Permits};
use crate::Name;

#[derive(Debug)]
pub(crate) struct Slots {
    all: u32,
    total: Arc<Semaphore>,
    steps: HashMap<Name, Arc<Semaphore>>,
    /// For steps that are limited over the whole fleet.
    pub(crate) permits: Permits,
}

/// The right to run one attempt.
#[derive(Debug)]
pub(crate) struct Slot {
    total: OwnedSemaphorePermit,
    _step: Option<OwnedSemaphorePermit>,
    _permit: Option<Permit>,
}

impl Slot {
    /// Gives up the step's part and keeps the worker's, for the attempt that follows.
    pub(crate) fn spare(self) -> OwnedSemaphorePermit {
        self.total
    }
}

impl Slots {
    pub(crate) fn new(total: u32, steps: &HashMap<Name, u32>, permits: Permits) -> Self {
        let semaphore = |slots: u32| Arc::new(Semaphore::new(slots as usize));
        let steps = steps.iter().map(|(step, slots)| (*step, semaphore(*slots))).collect();
        Self { all: total, total: semaphore(total), steps, permits }
    }

    /// Takes a slot if one is free; one of the spare ones first.
    pub(crate) fn take(&self, step: Name, spare: &mut Vec<OwnedSemaphorePermit>) -> Option<Slot> {
        let of_step = match self.steps.get(&step) {
            Some(slots) => Some(Arc::clone(slots).try_acquire_owned().ok()?),
            None => None,
        };
        let total = match spare.pop() {
            Some(total) => total,
            None => Arc::clone(&self.total).try_acquire_owned().ok()?,
        };
        let Ok(permit) = self.permits.take(step) else {
            spare.push(total);
            return None;
        };
        Some(Slot { total, _step: of_step, _permit: permit })
    }

    /// Waits until a slot is free.
    pub(crate) async fn room(&self) {
        // It is never closed.
        drop(self.total.acquire().await);
    }

    /// Waits until a slot is free for a step, and a permit is in hand: for ever, where this worker leaves it to others.
    pub(crate) async fn room_for(&self, step: Name) {
        self.permits.room_for(step).await;
        if let Some(slots) = self.steps.get(&step) {
            drop(slots.acquire().await);
        }
        self.room().await;
    }

    /// How many slots are free for a step, by the permits in hand.
    pub(crate) fn free(&self, step: Name) -> u32 {
        self.unlimited(step).min(self.permits.free(step))
    }

    /// How many slots would be free for a step if it had permits.
    pub(crate) fn unlimited(&self, step: Name) -> u32 {
        let of_step = self.steps.get(&step).map_or(usize::MAX, |slots| slots.available_permits());
        self.free_in_all().min(u32::try_from(of_step).unwrap_or(u32::MAX))
    }

    /// How many slots there are.
    pub(crate) fn all(&self) -> u32 {
        self.all
    }

    /// How many slots are free.
    pub(crate) fn free_in_all(&self) -> u32 {
        u32::try_from(self.total.available_permits()).unwrap_or(u32::MAX)
    }
}
