//! How often somebody may ask. Each host counts for itself; where there is a Redis, what guesses and floods are made of is
//! counted over all hosts too.

mod fleet;
mod limit;

use std::{
    net::{IpAddr, Ipv6Addr},
    time::Duration,
};

use stagemark_redis::Redis;
use uuid::Uuid;

use self::{fleet::Fleet, limit::Limit};
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
    rates: Rates,
    fleet: Option<Fleet>,
    sign_in_by_name: Limit<(String, IpAddr)>,
    sign_in_by_address: Limit<IpAddr>,
    sign_up: Limit<IpAddr>,
    refresh: Limit<IpAddr>,
    write: Limit<Uuid>,
    events: Limit<IpAddr>,
}

impl Limits {
    /// Limits of this host, and of all that share the Redis.
    pub(crate) fn new(rates: &Rates, redis: Option<Redis>) -> Self {
        Self {
            rates: *rates,
            fleet: redis.map(Fleet::new),
            sign_in_by_name: Limit::new(rates.sign_in_by_name),
            sign_in_by_address: Limit::new(rates.sign_in_by_address),
            sign_up: Limit::new(rates.sign_up_by_address),
            refresh: Limit::new(rates.refresh_by_address),
            write: Limit::new(rates.write_by_player),
            events: Limit::new(rates.events_by_address),
        }
    }

    pub(crate) async fn sign_in(&self, name: &str, address: IpAddr) -> Result<(), Problem> {
        let (name, network) = (name.to_lowercase(), network(address));
        self.sign_in_by_address.take(&network).map_err(too_often)?;
        self.everywhere("sign-in-by-address", &network.to_string(), self.rates.sign_in_by_address).await?;
        self.sign_in_by_name.take(&(name.clone(), network)).map_err(too_often)?;
        self.everywhere("sign-in-by-name", &format!("{network} {name}"), self.rates.sign_in_by_name).await
    }

    pub(crate) async fn sign_up(&self, address: IpAddr) -> Result<(), Problem> {
        let network = network(address);
        self.sign_up.take(&network).map_err(too_often)?;
        self.everywhere("sign-up", &network.to_string(), self.rates.sign_up_by_address).await
    }

    pub(crate) async fn refresh(&self, address: IpAddr) -> Result<(), Problem> {
        let network = network(address);
        self.refresh.take(&network).map_err(too_often)?;
        self.everywhere("refresh", &network.to_string(), self.rates.refresh_by_address).await
    }

    /// Over all hosts, as far as Redis tells: who is refused by one host would be by all, and does not get here.
    async fn everywhere(&self, what: &str, who: &str, a_minute: u32) -> Result<(), Problem> {
        match &self.fleet {
            Some(fleet) if a_minute > 0 => fleet.take(what, who, a_minute).await.map_err(too_often),
            _ => Ok(()),
        }
    }

    /// For each request of a player's that changes something.
    pub(crate) fn write(&self, player: Uuid) -> Result<(), Problem> {
        self.write.take(&player).map_err(too_often)
    }

    /// For each batch of events.
    pub(crate) fn events(&self, address: IpAddr) -> Result<(), Problem> {
        self.events.take(&network(address)).map_err(too_often)
    }
}

/// What one customer of a provider has: of IPv6 a whole /64.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        v4 @ IpAddr::V4(_) => v4,
    }
}

fn too_often(wait: Duration) -> Problem {
    Problem::new(Kind::RateLimited, "That was too often; wait as long as Retry-After says.").retry_after(wait)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn limits(rates: Rates) -> Limits {
        Limits::new(&rates, None)
    }

    #[tokio::test]
    async fn guessing_at_one_name_meets_a_limit_and_another_address_does_not() {
        let limits = limits(Rates { sign_in_by_name: 3, ..Rates::default() });

        let mut guesses = Vec::new();
        for name in ["ada", "ADA", "ada", "Ada", "ada"] {
            guesses.push(limits.sign_in(name, address("192.0.2.1")).await.is_ok());
        }

        assert_eq!(guesses, [true, true, true, false, false]);
        assert!(limits.sign_in("ada", address("192.0.2.2")).await.is_ok());
        assert!(limits.sign_in("bob", address("192.0.2.1")).await.is_ok());
    }

    #[tokio::test]
    async fn addresses_of_one_ipv6_network_are_one() {
        let limits = limits(Rates { sign_up_by_address: 1, ..Rates::default() });

        assert!(limits.sign_up(address("2001:db8::1")).await.is_ok());
        assert!(limits.sign_up(address("2001:db8::2")).await.is_err());
        assert!(limits.sign_up(address("2001:db8:0:1::1")).await.is_ok());
        assert!(limits.sign_up(address("192.0.2.1")).await.is_ok());
        assert!(limits.sign_up(address("::ffff:192.0.2.1")).await.is_err());
    }

    #[tokio::test]
    async fn a_limit_of_none_is_none() {
        let limits = limits(Rates { sign_up_by_address: 0, ..Rates::default() });

        for _ in 0..1_000 {
            assert!(limits.sign_up(address("192.0.2.1")).await.is_ok());
        }
    }
}
