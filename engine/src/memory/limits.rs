//! Semaphores and rate limits in memory.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use stagemark_rules::WorkerId;
use tokio::time::Instant;

use crate::{
    Rate,
    ports::{AcceleratorError, Drawn, Holding, Limits, RateLimit, Semaphore},
};

/// Keeps limits in memory; clones share them, so that they hold over the engines of one process.
///
/// It forgets nothing while the process lives, and so grants at once what a service of its own would hold back.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use stagemark::{Engine, MemoryLimits, MemoryStore};
///
/// let engine = Engine::builder(MemoryStore::new()).limits(MemoryLimits::new()).start().await?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Default)]
pub struct MemoryLimits {
    table: Arc<Mutex<Table>>,
}

#[derive(Debug, Default)]
struct Table {
    semaphores: HashMap<Arc<str>, HashMap<WorkerId, Held>>,
    rates: HashMap<Arc<str>, Draws>,
}

#[derive(Clone, Copy, Debug)]
struct Held {
    permits: u32,
    until: Instant,
    sequence: u64,
}

/// What was drawn, oldest first, each draw with its stamp.
#[derive(Debug, Default)]
struct Draws {
    all: VecDeque<(u64, Instant, u32)>,
    last: u64,
}

impl MemoryLimits {
    /// Nothing is held, and nothing was drawn.
    pub fn new() -> Self {
        Self::default()
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Limits for MemoryLimits {
    async fn hold(
        &self,
        semaphore: &Semaphore,
        holding: &Holding,
        time_to_live: Duration,
    ) -> Result<u32, AcceleratorError> {
        let (now, mut table) = (Instant::now(), self.table());
        let holders = table.semaphores.entry(Arc::clone(&semaphore.name)).or_default();
        let Holding { holder, held, wanted, sequence } = *holding;
        if holders.get(&holder).is_some_and(|known| known.sequence >= sequence) {
            return Ok(0);
        }
        let others = holders.iter().filter(|(other, known)| **other != holder && known.until > now);
        let taken = others.fold(held, |taken, (_, known)| taken.saturating_add(known.permits));
        let granted = wanted.min(semaphore.permits_max.saturating_sub(taken));
        let until = now + time_to_live;
        holders.insert(holder, Held { permits: held + granted, until, sequence });
        // The sequence of one that holds nothing is needed as long as a call of it may come late.
        holders.retain(|_, known| known.until > now);
        Ok(granted)
    }

    async fn draw(&self, limit: &RateLimit, wanted: u32) -> Result<Drawn, AcceleratorError> {
        let mut table = self.table();
        let draws = table.rates.entry(Arc::clone(&limit.name)).or_default();
        Ok(draws.draw(limit.rate, wanted, Instant::now()))
    }

    async fn put_back(&self, limit: &RateLimit, draw: Drawn, unused: u32) -> Result<(), AcceleratorError> {
        if let Some(draws) = self.table().rates.get_mut(&limit.name) {
            draws.put_back(draw, unused);
        }
        Ok(())
    }
}

impl Draws {
    fn draw(&mut self, rate: Rate, wanted: u32, now: Instant) -> Drawn {
        while self.all.front().is_some_and(|(_, at, count)| *count == 0 || *at + rate.per() <= now) {
            self.all.pop_front();
        }
        let drawn = self.all.iter().fold(0_u32, |drawn, (_, _, count)| drawn.saturating_add(*count));
        let granted = wanted.min(rate.count().saturating_sub(drawn));
        if granted > 0 {
            self.last += 1;
            self.all.push_back((self.last, now, granted));
        }
        let oldest = self.all.front().map_or(now, |(_, at, _)| *at);
        let more_in = if granted < wanted { (oldest + rate.per()).duration_since(now) } else { Duration::ZERO };
        Drawn { granted, more_in, stamp: self.last }
    }

    fn put_back(&mut self, draw: Drawn, unused: u32) {
        for (_, _, count) in self.all.iter_mut().filter(|(stamp, ..)| *stamp == draw.stamp) {
            *count = count.saturating_sub(unused);
        }
    }
}
