//! The port to named locks.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;

use super::AcceleratorError;

/// Who wants or holds a lock: 128 bits, never given twice.
///
/// ```
/// use stagemark::ports::LockToken;
///
/// assert_ne!(LockToken::new(), LockToken::new());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LockToken(pub u128);

impl LockToken {
    /// A token of its own.
    pub fn new() -> Self {
        Self(uuid::Uuid::now_v7().as_u128())
    }
}

impl Default for LockToken {
    fn default() -> Self {
        Self::new()
    }
}

/// A lock in somebody's hands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldLock {
    /// Its name.
    pub name: Arc<str>,
    /// Who holds it.
    pub token: LockToken,
    /// Greater than that of everyone who held it before.
    pub fencing_token: u64,
}

/// Keeps named locks, each held by one at a time for as long as it is renewed.
///
/// A lock keeps others away while the service remembers it. What must not be done by two even if the service forgets,
/// or if a holder sleeps past its time, goes by the fencing token, which whoever is written to compares.
///
/// The contract, each clause of which is a case of the conformance suite:
/// - Of those who want a lock one gets it, and the others only after it was released, or was not renewed for its time
///   to live.
/// - Each who gets it has a greater fencing token than all before, also if the service forgot everything meanwhile.
/// - Asking again with the token that holds it gives the same lock, so that a lost answer does no harm.
/// - A lock is renewed and released by its own token alone.
/// - What the service forgot is the holder's again when it renews, unless others took it first.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use stagemark::{MemoryLocks, ports::{LockToken, Locks}};
///
/// const TTL: Duration = Duration::from_secs(10);
/// let locks = MemoryLocks::new();
/// let first = locks.acquire("printer", LockToken::new(), TTL).await?.expect("nobody has it");
/// assert!(locks.acquire("printer", LockToken::new(), TTL).await?.is_none());
///
/// assert!(locks.release(&first).await?);
/// let next = locks.acquire("printer", LockToken::new(), TTL).await?.expect("it was released");
/// assert!(next.fencing_token > first.fencing_token);
/// # Ok(()) }
/// ```
#[async_trait]
pub trait Locks: Send + Sync + std::fmt::Debug + 'static {
    /// Takes a lock for this long; `None` where another holds it.
    async fn acquire(
        &self,
        name: &str,
        token: LockToken,
        time_to_live: Duration,
    ) -> Result<Option<HeldLock>, AcceleratorError>;

    /// Holds on to a lock for this long from now; tells whether it is still the holder's.
    async fn renew(&self, held: &HeldLock, time_to_live: Duration) -> Result<bool, AcceleratorError>;

    /// Gives a lock up; tells whether it was still the holder's.
    async fn release(&self, held: &HeldLock) -> Result<bool, AcceleratorError>;
}
