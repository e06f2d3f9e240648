//! The port to what remembers idempotency keys.

use std::time::Duration;

use async_trait::async_trait;

use super::AcceleratorError;
use crate::RunId;

/// Remembers which run an idempotency key led to, in front of the store's unique index: a submission that is made
/// again is then looked up instead of written.
///
/// What it says is believed only as far as the store bears it out, so it may forget and it may be wrong.
///
/// The contract, each clause of which is a case of the conformance suite:
/// - What was remembered last is recalled until its time to live is over, and forgotten then.
/// - Keys belong to their workflow, and any text is a key.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use stagemark::{MemoryDedup, RunId, ports::Dedup};
///
/// let (dedup, run) = (MemoryDedup::new(), RunId::new());
/// dedup.remember("publish-video", "upload-42", run, Duration::from_secs(60)).await?;
/// assert_eq!(dedup.recall("publish-video", "upload-42").await?, Some(run));
/// assert_eq!(dedup.recall("publish-video", "upload-43").await?, None);
/// # Ok(()) }
/// ```
#[async_trait]
pub trait Dedup: Send + Sync + std::fmt::Debug + 'static {
    /// The run that a key led to, if that is remembered.
    async fn recall(&self, workflow: &str, key: &str) -> Result<Option<RunId>, AcceleratorError>;

    /// Remembers which run a key led to, for this long.
    async fn remember(
        &self,
        workflow: &str,
        key: &str,
        run: RunId,
        time_to_live: Duration,
    ) -> Result<(), AcceleratorError>;
}
