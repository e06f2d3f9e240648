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
    _steps: Vec<OwnedSemaphorePermit>,
    _permit: Option<Permit>,
}

/// Parts of a slot that are kept from others.
#[derive(Debug)]
pub(crate) struct Spare {
    total: OwnedSemaphorePermit,
    of_steps: Vec<(Name, OwnedSemaphorePermit)>,
}

impl Spare {
    fn is_of(&self, steps: &[Name]) -> bool {
        self.of_steps.iter().any(|(name, _)| steps.contains(name))
    }
}

impl Slot {
    /// Gives up the step's part and keeps the worker's, for the attempt that follows.
    pub(crate) fn spare(self) -> Spare {
        Spare { total: self.total, of_steps: Vec::new() }
    }
}

impl Slots {
    pub(crate) fn new(total: u32, steps: &HashMap<Name, u32>, permits: Permits) -> Self {
        let semaphore = |slots: u32| Arc::new(Semaphore::new(slots as usize));
        let steps = steps.iter().map(|(step, slots)| (*step, semaphore(*slots))).collect();
        Self { all: total, total: semaphore(total), steps, permits }
    }

    /// Takes a slot for an attempt at these steps if one is free; one of the spare ones first.
    pub(crate) fn take(&self, steps: &[Name], spare: &mut Vec<Spare>) -> Option<Slot> {
        let of_these = spare.iter().position(|spare| spare.is_of(steps));
        let kept = of_these.map(|at| spare.swap_remove(at)).or_else(|| spare.pop());
        let (total, of_steps) = kept.map(|Spare { total, of_steps }| (total, of_steps)).unzip();
        match self.complete(steps, total, of_steps.unwrap_or_default()) {
            Ok(slot) => Some(slot),
            Err(total) => {
                spare.extend(total.map(|total| Spare { total, of_steps: Vec::new() }));
                None
            }
        }
    }

    /// A slot of these parts and those that are free; what there was of the worker's where one is missing.
    fn complete(
        &self,
        steps: &[Name],
        total: Option<OwnedSemaphorePermit>,
        mut kept: Vec<(Name, OwnedSemaphorePermit)>,
    ) -> Result<Slot, Option<OwnedSemaphorePermit>> {
        let mut of_steps = Vec::new();
        for (step, slots) in steps.iter().filter_map(|step| Some((step, self.steps.get(step)?))) {
            let at_hand = kept.iter().position(|(name, _)| name == step).map(|at| kept.swap_remove(at).1);
            match at_hand.or_else(|| Arc::clone(slots).try_acquire_owned().ok()) {
                Some(of_step) => of_steps.push(of_step),
                None => return Err(total),
            }
        }
        let Some(total) = total.or_else(|| Arc::clone(&self.total).try_acquire_owned().ok()) else { return Err(None) };
        match self.permit(steps) {
            Ok(permit) => Ok(Slot { total, _steps: of_steps, _permit: permit }),
            Err(NoPermit) => Err(Some(total)),
        }
    }

    /// The permit of a step that is alone: what is limited over the whole fleet is in no pass.
    fn permit(&self, steps: &[Name]) -> Result<Option<Permit>, NoPermit> {
        match steps {
            [step] => self.permits.take(*step),
            _ => Ok(None),
        }
    }

    /// Waits until a slot is free.
    pub(crate) async fn room(&self) {
        // It is never closed.
        drop(self.total.acquire().await);
    }

    /// Waits until a slot is free for an attempt at these steps, which are in order, and a permit is in hand: for ever,
    /// where this worker leaves one to others. Keeps the slot: let go of, it would be that of the next in line, who would
    /// let go of it, and so on in a circle.
    pub(crate) async fn room_for(&self, steps: &[Name]) -> Option<Spare> {
        let mut of_steps = Vec::new();
        for step in steps {
            self.permits.room_for(*step).await;
            // In their order, lest two that wait have what the other waits for.
            if let Some(slots) = self.steps.get(step) {
                of_steps.push((*step, Arc::clone(slots).acquire_owned().await.ok()?));
            }
        }
        let total = Arc::clone(&self.total).acquire_owned().await.ok()?;
        Some(Spare { total, of_steps })
    }

    /// How many slots are free for attempts at these steps, by the permits in hand.
    pub(crate) fn free(&self, steps: &[Name]) -> u32 {
        let free = steps.iter().map(|step| self.unlimited(*step).min(self.permits.free(*step)));
        free.min().unwrap_or_else(|| self.free_in_all())
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
