//! How often somebody may ask. Each host counts for itself.

use std::{
    fmt,
    hash::Hash,
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    sync::atomic::{AtomicU32, Ordering},
};

use governor::{
    Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    state::keyed::DefaultKeyedStateStore,
};
use uuid::Uuid;

use crate::{Kind, Problem};

/// How often somebody may ask, a minute; as many at once. 0 is as often as one likes.
///
/// ```
/// let rates = stagemark_contest_api::Rates::default();
/// assert_eq!(rates.sign_in_by_name, 5);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rates {
    /// Sign in to one name from one address (default 5).
    pub sign_in_by_name: u32,
    /// Sign in to any name from one address (default 30).
    pub sign_in_by_address: u32,
    /// Sign up from one address (default 10).
    pub sign_up_by_address: u32,
    /// Refresh sessions from one address (default 120).
    pub refresh_by_address: u32,
    /// Change something, as one player (default 120).
    pub write_by_player: u32,
    /// Tell of events, from one address (default 240).
    pub events_by_address: u32,
}

impl Default for Rates {
    fn default() -> Self {
        Self {
            sign_in_by_name: 5,
            sign_in_by_address: 30,
            sign_up_by_address: 10,
            refresh_by_address: 120,
            write_by_player: 120,
            events_by_address: 240,
        }
    }
}

/// Counts who asks for what.
#[derive(Debug)]
pub(crate) struct Limits {
    sign_in_by_name: Limit<(String, IpAddr)>,
    sign_in_by_address: Limit<IpAddr>,
    sign_up: Limit<IpAddr>,
    refresh: Limit<IpAddr>,
    write: Limit<Uuid>,
    events: Limit<IpAddr>,
}

impl Limits {
    pub(crate) fn new(rates: &Rates) -> Self {
        Self {
            sign_in_by_name: Limit::new(rates.sign_in_by_name),
            sign_in_by_address: Limit::new(rates.sign_in_by_address),
            sign_up: Limit::new(rates.sign_up_by_address),
            refresh: Limit::new(rates.refresh_by_address),
            write: Limit::new(rates.write_by_player),
            events: Limit::new(rates.events_by_address),
        }
    }

    pub(crate) fn sign_in(&self, name: &str, address: IpAddr) -> Result<(), Problem> {
        self.sign_in_by_address.take(&network(address))?;
        self.sign_in_by_name.take(&(name.to_lowercase(), network(address)))
    }

    pub(crate) fn sign_up(&self, address: IpAddr) -> Result<(), Problem> {
        self.sign_up.take(&network(address))
    }

    pub(crate) fn refresh(&self, address: IpAddr) -> Result<(), Problem> {
        self.refresh.take(&network(address))
    }

    /// For each request of a player's that changes something.
    pub(crate) fn write(&self, player: Uuid) -> Result<(), Problem> {
        self.write.take(&player)
    }

    /// For each batch of events.
    pub(crate) fn events(&self, address: IpAddr) -> Result<(), Problem> {
        self.events.take(&network(address))
    }
}

/// What one customer of a provider has: of IPv6 a whole /64.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// Counts one thing for each of those who ask for it.
struct Limit<K: Hash + Eq + Clone> {
    limiter: Option<RateLimiter<K, DefaultKeyedStateStore<K>, DefaultClock>>,
    taken: AtomicU32,
}

impl<K: Hash + Eq + Clone> Limit<K> {
    /// Those who have not asked for so long that it makes no difference are forgotten after so many others.
    const FORGET_EVERY: u32 = 1_024;

    fn new(a_minute: u32) -> Self {
        let quota = NonZeroU32::new(a_minute).map(Quota::per_minute);
        Self { limiter: quota.map(RateLimiter::keyed), taken: AtomicU32::new(0) }
    }

    fn take(&self, key: &K) -> Result<(), Problem> {
        let Some(limiter) = &self.limiter else { return Ok(()) };
        if self.taken.fetch_add(1, Ordering::Relaxed) % Self::FORGET_EVERY == Self::FORGET_EVERY - 1 {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
        limiter.check_key(key).map_err(|refused| {
            let wait = refused.wait_time_from(limiter.clock().now());
            let problem = Problem::new(Kind::RateLimited, "That was too often; wait as long as Retry-After says.");
            problem.retry_after(wait)
        })
    }
}

impl<K: Hash + Eq + Clone> fmt::Debug for Limit<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limit").field("is_on", &self.limiter.is_some()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn guessing_at_one_name_meets_a_limit_and_another_address_does_not() {
        let limits = Limits::new(&Rates { sign_in_by_name: 3, ..Rates::default() });

        let guesses: Vec<_> = (0..5)
            .map(|n| limits.sign_in(if n % 2 == 0 { "ada" } else { "ADA" }, address("192.0.2.1")).is_ok())
            .collect();

        assert_eq!(guesses, [true, true, true, false, false]);
        assert!(limits.sign_in("ada", address("192.0.2.2")).is_ok());
        assert!(limits.sign_in("bob", address("192.0.2.1")).is_ok());
    }

    #[test]
    fn addresses_of_one_ipv6_network_are_one() {
        let limits = Limits::new(&Rates { sign_up_by_address: 1, ..Rates::default() });

        assert!(limits.sign_up(address("2001:db8::1")).is_ok());
        assert!(limits.sign_up(address("2001:db8::2")).is_err());
        assert!(limits.sign_up(address("2001:db8:0:1::1")).is_ok());
        assert!(limits.sign_up(address("192.0.2.1")).is_ok());
        assert!(limits.sign_up(address("::ffff:192.0.2.1")).is_err());
    }

    #[test]
    fn a_limit_of_none_is_none() {
        let limits = Limits::new(&Rates { sign_up_by_address: 0, ..Rates::default() });

        assert!((0..1_000).all(|_| limits.sign_up(address("192.0.2.1")).is_ok()));
    }
}
