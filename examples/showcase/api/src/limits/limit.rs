//! Counts in this process.

use std::{
    fmt,
    hash::Hash,
    num::NonZeroU32,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use governor::{
    Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    state::keyed::DefaultKeyedStateStore,
};

/// Counts one thing for each of those who ask for it.
pub(super) struct Limit<K: Hash + Eq + Clone> {
    limiter: Option<RateLimiter<K, DefaultKeyedStateStore<K>, DefaultClock>>,
    taken: AtomicU32,
}

impl<K: Hash + Eq + Clone> Limit<K> {
    /// Those who have not asked for so long that it makes no difference are forgotten after so many others.
    const FORGET_EVERY: u32 = 1_024;

    pub(super) fn new(a_minute: u32) -> Self {
        let quota = NonZeroU32::new(a_minute).map(Quota::per_minute);
        Self { limiter: quota.map(RateLimiter::keyed), taken: AtomicU32::new(0) }
    }

    /// Takes one, or gives how long to wait for it.
    pub(super) fn take(&self, key: &K) -> Result<(), Duration> {
        let Some(limiter) = &self.limiter else { return Ok(()) };
        if self.taken.fetch_add(1, Ordering::Relaxed) % Self::FORGET_EVERY == Self::FORGET_EVERY - 1 {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
        limiter.check_key(key).map_err(|refused| refused.wait_time_from(limiter.clock().now()))
    }
}

impl<K: Hash + Eq + Clone> fmt::Debug for Limit<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limit").field("is_on", &self.limiter.is_some()).finish_non_exhaustive()
    }
}
