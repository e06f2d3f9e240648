//! Boards in this process: for one that serves alone.

use std::{
    collections::HashMap,
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use tokio::time::Instant;
use uuid::Uuid;

use crate::{
    Board, Count, Snapshot, Weights, Window,
    order::Order,
    ports::{Lease, Part, Sets, SetsError, Turn, When},
};

/// For how many epochs a board knows by their ids which events it has counted. What is older when it comes makes the
/// board cold.
pub(crate) const EPOCHS_KNOWN: u64 = 4;
/// The most counts that are noted for one who fills; with more the filling is given up.
pub(crate) const NOTED_MAX: usize = 100_000;

/// Boards in this process. They behave as those in Redis do; others cannot see them.
pub struct MemorySets {
    weights: Weights,
    boards: Mutex<HashMap<Board, Slot>>,
}

impl fmt::Debug for MemorySets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemorySets").field("weights", &self.weights).finish_non_exhaustive()
    }
}

#[derive(Default)]
struct Slot {
    warm: Option<Warm>,
    filling: Option<Filling>,
}

struct Warm {
    order: Order,
    /// Events of epochs up to this one were in the snapshot.
    closed: u64,
    /// Of events of epochs up to this one it is not known any more which were counted.
    floor: u64,
    /// The last epoch of any event.
    top: u64,
    seen: HashMap<Uuid, u64>,
    until: Instant,
}

struct Filling {
    token: Uuid,
    until: Instant,
    noted: HashMap<Uuid, Count>,
}

impl MemorySets {
    /// Boards that are all cold.
    pub fn new(weights: Weights) -> Self {
        Self { weights, boards: Mutex::default() }
    }

    fn boards(&self) -> MutexGuard<'_, HashMap<Board, Slot>> {
        self.boards.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(&self, board: &Board, look: impl FnOnce(&mut Slot) -> T) -> T {
        let mut boards = self.boards();
        let slot = boards.entry(board.clone()).or_default();
        slot.lapse();
        let seen = look(slot);
        if slot.warm.is_none() && slot.filling.is_none() {
            boards.remove(board);
        }
        seen
    }
}

#[async_trait]
impl Sets for MemorySets {
    async fn read(&self, board: &Board, window: Window) -> Result<Option<Part>, SetsError> {
        Ok(self.with(board, |slot| slot.warm.as_ref().map(|warm| warm.order.part(window))))
    }

    async fn count(&self, board: &Board, counts: &[Count]) -> Result<(), SetsError> {
        self.with(board, |slot| slot.count(counts, &self.weights));
        Ok(())
    }

    async fn begin(&self, board: &Board, lease: &Lease) -> Result<Turn, SetsError> {
        Ok(self.with(board, |slot| slot.begin(lease)))
    }

    async fn fill(&self, board: &Board, lease: &Lease, snapshot: &Snapshot) -> Result<bool, SetsError> {
        Ok(self.with(board, |slot| {
            let Some(filling) = slot.filling.take_if(|filling| filling.token == lease.token) else { return false };
            let mut warm = Warm::new(snapshot, Instant::now() + lease.time_to_live);
            for count in filling.noted.values() {
                warm.count(count, &self.weights);
            }
            warm.prune();
            slot.warm = Some(warm);
            true
        }))
    }

    async fn give_up(&self, board: &Board, lease: &Lease) -> Result<(), SetsError> {
        self.with(board, |slot| slot.filling.take_if(|filling| filling.token == lease.token));
        Ok(())
    }

    async fn forget(&self, board: &Board) -> Result<(), SetsError> {
        self.with(board, |slot| *slot = Slot::default());
        Ok(())
    }
}

impl Slot {
    fn lapse(&mut self) {
        let now = Instant::now();
        self.warm.take_if(|warm| warm.until <= now);
        self.filling.take_if(|filling| filling.until <= now);
    }

    fn begin(&mut self, lease: &Lease) -> Turn {
        if self.warm.is_some() && lease.when == When::Cold {
            return Turn::Warm;
        }
        if self.filling.is_some() {
            return Turn::Another;
        }
        let until = Instant::now() + lease.lasts;
        self.filling = Some(Filling { token: lease.token, until, noted: HashMap::new() });
        Turn::Yours
    }

    fn count(&mut self, counts: &[Count], weights: &Weights) {
        if let Some(filling) = &mut self.filling {
            for count in counts {
                filling.noted.entry(count.id).or_insert(*count);
            }
        }
        self.filling.take_if(|filling| filling.noted.len() > NOTED_MAX);
        if let Some(warm) = &mut self.warm {
            let is_known = counts.iter().all(|count| warm.count(count, weights));
            warm.prune();
            if !is_known {
                self.warm = None;
            }
        }
    }
}

impl Warm {
    fn new(snapshot: &Snapshot, until: Instant) -> Self {
        let order = Order::new(snapshot.landmark, &snapshot.scores);
        let (closed, top) = (snapshot.closed(), snapshot.epoch);
        Self { order, closed, floor: closed, top, seen: snapshot.open.iter().copied().collect(), until }
    }

    /// Counts an event if it is not counted yet; gives `false` if that cannot be told any more, which it always can
    /// before anything is pruned.
    fn count(&mut self, count: &Count, weights: &Weights) -> bool {
        if count.epoch <= self.closed {
            return true;
        }
        if count.epoch <= self.floor {
            return false;
        }
        self.top = self.top.max(count.epoch);
        if self.seen.insert(count.id, count.epoch).is_none() {
            self.order.add(count.player, count.weight * weights.growth(self.order.landmark(), count.at));
        }
        true
    }

    fn prune(&mut self) {
        let floor = self.top.saturating_sub(EPOCHS_KNOWN);
        if floor > self.floor {
            self.floor = floor;
            self.seen.retain(|_, epoch| *epoch > floor);
        }
    }
}
