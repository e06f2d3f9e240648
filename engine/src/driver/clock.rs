//! The time, and the waits between tries.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::{Duration, Instant, SystemTime},
};

use stagemark_rules::Timestamp;
use tokio::time::sleep;

const FIRST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(5);

/// The time of this machine.
pub(crate) fn system() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// The time of the store, which all its workers go by, however wrong the clocks of their machines are.
///
/// Between two answers of the store it goes on as this machine's monotonic clock does, so that a clock that is set
/// meanwhile changes nothing.
#[derive(Debug)]
pub(crate) struct Clock {
    begun: Instant,
    /// The time of the store at the beginning, in milliseconds.
    at_begin: AtomicU64,
}

impl Clock {
    pub(crate) fn new() -> Self {
        Self { begun: Instant::now(), at_begin: AtomicU64::new(system().0) }
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp(self.at_begin.load(Relaxed)).after(self.begun.elapsed())
    }

    /// Sets it by what the store told between two moments.
    pub(crate) fn set(&self, told: Timestamp, asked: Instant, answered: Instant) {
        let middle = asked + answered.duration_since(asked) / 2;
        let since = u64::try_from(middle.duration_since(self.begun).as_millis()).unwrap_or(0);
        self.at_begin.store(told.0.saturating_sub(since), Relaxed);
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_goes_by_what_the_store_told() {
        let (clock, asked) = (Clock::new(), Instant::now());
        let ten_minutes_ahead = system().after(Duration::from_mins(10));

        clock.set(ten_minutes_ahead, asked, Instant::now());

        let ahead = clock.now().0 - system().0;
        assert!((599_000..601_000).contains(&ahead), "{ahead} ms ahead");
    }

    #[test]
    fn a_store_may_be_behind() {
        let (clock, asked) = (Clock::new(), Instant::now());

        clock.set(Timestamp(1_000), asked, Instant::now());

        assert!((1_000..2_000).contains(&clock.now().0), "{:?}", clock.now());
    }
}
