//! The port to limits that hold over the whole fleet: semaphores and rate limits.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use stagemark_rules::WorkerId;

use super::AcceleratorError;
use crate::Rate;

/// At most so many at a time, over all holders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Semaphore {
    /// Its name; whoever names it, shares it.
    pub name: Arc<str>,
    /// How many permits there are.
    pub permits_max: u32,
}

/// What a holder has of a semaphore, and what it would like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holding {
    /// Who holds.
    pub holder: WorkerId,
    /// How many permits it has now: whatever is known of it otherwise is replaced by this.
    pub held: u32,
    /// How many more it would take.
    pub wanted: u32,
    /// Grows with each call of the holder for this semaphore, so that one which comes late changes nothing.
    pub sequence: u64,
}

/// At most so many in any span of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// Its name; whoever names it, shares it.
    pub name: Arc<str>,
    /// How many in which span.
    pub rate: Rate,
}

/// What was drawn from a rate limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drawn {
    /// How many; at most as many as were wanted.
    pub granted: u32,
    /// How long until more can be had, where fewer were granted than wanted.
    pub more_in: Duration,
    /// What the service knows the draw by.
    pub stamp: u64,
}

/// Keeps semaphores and rate limits that hold over all workers.
///
/// A service that forgets must not grant what was granted before it forgot: a semaphore that it does not know is new,
/// or was forgotten, and so grants nothing before a time to live has passed, in which those who hold permits say so;
/// a rate limit that it does not know is taken for one that was used to the full until now.
///
/// The contract, each clause of which is a case of the conformance suite:
/// - Never are more permits granted than there are, over all holders; what a holder says it has is counted first.
/// - What a holder gives back is granted to others, and so is what it did not speak of for its time to live.
/// - A call that comes late, by its sequence, changes nothing and grants nothing.
/// - In no span of the length of a rate are more drawn than it allows, over all who draw, and after it as many again.
/// - What is put back unused can be drawn again.
/// - Limits of other names are others.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use stagemark::{MemoryLimits, WorkerId, ports::{Holding, Limits, Semaphore}};
///
/// const TTL: Duration = Duration::from_secs(10);
/// let limits = MemoryLimits::new();
/// let gpus = Semaphore { name: "gpu".into(), permits_max: 3 };
/// let wants_two = |worker| Holding { holder: WorkerId(worker), held: 0, wanted: 2, sequence: 1 };
/// assert_eq!(limits.hold(&gpus, &wants_two(1), TTL).await?, 2);
/// assert_eq!(limits.hold(&gpus, &wants_two(2), TTL).await?, 1);
/// # Ok(()) }
/// ```
#[async_trait]
pub trait Limits: Send + Sync + std::fmt::Debug + 'static {
    /// Tells what a holder has, which is its own for this long from now, and gives how many permits it has got beyond
    /// that.
    async fn hold(
        &self,
        semaphore: &Semaphore,
        holding: &Holding,
        time_to_live: Duration,
    ) -> Result<u32, AcceleratorError>;

    /// Draws from a rate limit.
    async fn draw(&self, limit: &RateLimit, wanted: u32) -> Result<Drawn, AcceleratorError>;

    /// Puts back so many of a draw, which were not used; what has left the span of the rate meanwhile is not counted
    /// anyway.
    async fn put_back(&self, limit: &RateLimit, draw: Drawn, unused: u32) -> Result<(), AcceleratorError>;
}
