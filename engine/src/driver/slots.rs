//! How many attempts this worker runs at a time: in all, and of each step.

use std::{collections::HashMap, sync::Arc};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::permits::{NoPermit, Permit, Permits};
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

/// Parts of a slot that are kept from others.
#[derive(Debug)]
pub(crate) struct Spare {
    total: OwnedSemaphorePermit,
    of_step: Option<(Name, OwnedSemaphorePermit)>,
}

impl Spare {
    fn is_of(&self, step: Name) -> bool {
        self.of_step.as_ref().is_some_and(|(name, _)| *name == step)
    }
}

impl Slot {
    /// Gives up the step's part and keeps the worker's, for the attempt that follows.
    pub(crate) fn spare(self) -> Spare {
        Spare { total: self.total, of_step: None }
    }
}

impl Slots {
    pub(crate) fn new(total: u32, steps: &HashMap<Name, u32>, permits: Permits) -> Self {
        let semaphore = |slots: u32| Arc::new(Semaphore::new(slots as usize));
        let steps = steps.iter().map(|(step, slots)| (*step, semaphore(*slots))).collect();
        Self { all: total, total: semaphore(total), steps, permits }
    }

    /// Takes a slot if one is free; one of the spare ones first.
    pub(crate) fn take(&self, step: Name, spare: &mut Vec<Spare>) -> Option<Slot> {
        let of_this = spare.iter().position(|spare| spare.is_of(step));
        let kept = of_this.map(|at| spare.swap_remove(at)).or_else(|| spare.pop());
        let (total, of_step) = match kept {
            Some(Spare { total, of_step }) => (Some(total), of_step.filter(|(name, _)| *name == step)),
            None => (None, None),
        };
        match self.complete(step, total, of_step.map(|(_, permit)| permit)) {
            Ok(slot) => Some(slot),
            Err(total) => {
                spare.extend(total.map(|total| Spare { total, of_step: None }));
                None
            }
        }
    }

    /// A slot of these parts and those that are free; what there was of the worker's where one is missing.
    fn complete(
        &self,
        step: Name,
        total: Option<OwnedSemaphorePermit>,
        of_step: Option<OwnedSemaphorePermit>,
    ) -> Result<Slot, Option<OwnedSemaphorePermit>> {
        let of_step = match (of_step, self.steps.get(&step)) {
            (None, Some(slots)) => match Arc::clone(slots).try_acquire_owned() {
                Ok(of_step) => Some(of_step),
                Err(_) => return Err(total),
            },
            (of_step, _) => of_step,
        };
        let Some(total) = total.or_else(|| Arc::clone(&self.total).try_acquire_owned().ok()) else { return Err(None) };
        match self.permits.take(step) {
            Ok(permit) => Ok(Slot { total, _step: of_step, _permit: permit }),
            Err(NoPermit) => Err(Some(total)),
        }
    }

    /// Waits until a slot is free.
    pub(crate) async fn room(&self) {
        // It is never closed.
        drop(self.total.acquire().await);
    }

    /// Waits until a slot is free for a step, and a permit is in hand: for ever, where this worker leaves it to others.
    /// Keeps the slot: let go of, it would be that of the next in line, who would let go of it, and so on in a circle.
    pub(crate) async fn room_for(&self, step: Name) -> Option<Spare> {
        self.permits.room_for(step).await;
        let of_step = match self.steps.get(&step) {
            Some(slots) => Some((step, Arc::clone(slots).acquire_owned().await.ok()?)),
            None => None,
        };
        let total = Arc::clone(&self.total).acquire_owned().await.ok()?;
        Some(Spare { total, of_step })
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
