//! The time, and the waits between tries.

use std::time::{Duration, SystemTime};

use stagemark_rules::Timestamp;
use tokio::time::sleep;

const FIRST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(5);

pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// A tenth more or less, at random, so that what began together does not go on together.
pub(crate) fn jittered(wait: Duration) -> Duration {
    wait.mul_f64(rand::random_range(0.9..1.1))
}

/// Waits that double, from 50 ms to 5 s.
#[derive(Debug, Default)]
pub(crate) struct Pause {
    last: Duration,
    total: Duration,
}

impl Pause {
    pub(crate) fn next(&mut self) -> Duration {
        self.last = (self.last * 2).clamp(FIRST, LONGEST);
        self.total += self.last;
        jittered(self.last)
    }

    pub(crate) async fn wait(&mut self) {
        sleep(self.next()).await;
    }

    /// How long was waited in all.
    pub(crate) fn total(&self) -> Duration {
        self.total
    }
}
