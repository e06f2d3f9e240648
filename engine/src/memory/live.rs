//! Live progress in memory.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use stagemark_rules::TaskId;
use tokio::time::Instant;

use crate::{
    RunId,
    ports::{AcceleratorError, Glimpse, HeldBeat, Live, News, Standing},
};

/// Shows live progress from memory; clones share it, as hosts share a service.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use stagemark::{Engine, MemoryLive, MemoryStore};
///
/// let engine = Engine::builder(MemoryStore::new()).live(MemoryLive::new()).start().await?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Default)]
pub struct MemoryLive {
    runs: Arc<Mutex<HashMap<RunId, Told>>>,
}

#[derive(Debug)]
struct Told {
    standing: Option<Standing>,
    beats: BTreeMap<TaskId, HeldBeat>,
    until: Instant,
}

impl MemoryLive {
    /// Nothing was told.
    pub fn new() -> Self {
        Self::default()
    }

    fn runs(&self) -> MutexGuard<'_, HashMap<RunId, Told>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Live for MemoryLive {
    async fn tell(&self, news: &[News], time_to_live: Duration) -> Result<(), AcceleratorError> {
        let (now, mut runs) = (Instant::now(), self.runs());
        runs.retain(|_, told| told.until > now);
        for new in news {
            let nothing = Told { standing: None, beats: BTreeMap::new(), until: now };
            let told = runs.entry(new.run).or_insert(nothing);
            told.until = now + time_to_live;
            told.standing = new.standing.or(told.standing);
            for beat in &new.beats {
                if told.beats.get(&beat.id).is_none_or(|earlier| earlier.attempt <= beat.attempt) {
                    told.beats.insert(beat.id, HeldBeat { details: None, ..beat.clone() });
                }
            }
        }
        Ok(())
    }

    async fn look(&self, run: RunId) -> Result<Glimpse, AcceleratorError> {
        let runs = self.runs();
        let told = runs.get(&run).filter(|told| told.until > Instant::now());
        let glimpse = |told: &Told| Glimpse { standing: told.standing, beats: told.beats.values().cloned().collect() };
        Ok(told.map(glimpse).unwrap_or_default())
    }
}
