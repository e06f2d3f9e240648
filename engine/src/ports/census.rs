//! What a store holds, counted for operators.

use std::sync::Arc;

use async_trait::async_trait;
use stagemark_rules::{Status, Timestamp};

use super::StoreError;

/// Counts what a store holds, at a bounded cost: a count that reads millions of rows would hurt what it watches.
///
/// The contract, each clause of which is a case of the conformance suite:
/// - Runs that have not ended are counted by workflow and status; those that have ended are not looked at.
/// - Of the places in the queue those are counted that are due, by workflow.
/// - At most [`limit`](Count::limit) runs, places and hints are looked at, each: where there are more, the counts add up
///   to the limit.
#[async_trait]
pub trait Census {
    /// Counts.
    async fn census(&self, count: &Count) -> Result<Counts, StoreError>;
}

/// What to count.
#[derive(Clone, Debug)]
pub struct Count {
    /// What time it is, to tell what is due.
    pub now: Timestamp,
    /// How many runs, places and hints are looked at, each.
    pub limit: u32,
}

/// What was counted; a workflow of which there is nothing is not in it.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use stagemark::{Engine, MemoryStore, ports::Counts};
///
/// let engine = Engine::builder(MemoryStore::new()).start().await?;
/// assert_eq!(engine.census().await?, Counts::default());
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Runs that have not ended.
    pub runs: Vec<RunCount>,
    /// What is due in the queue.
    pub queues: Vec<QueueCount>,
    /// Hints that no broker has confirmed yet.
    pub unsent: u32,
}

/// How many runs of a workflow have a status; see [`Counts`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunCount {
    /// The name of the workflow.
    pub workflow: Arc<str>,
    /// The status.
    pub status: Status,
    /// How many runs.
    pub runs: u32,
}

/// What of a workflow is due in the queue; see [`Counts`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueCount {
    /// The name of the workflow.
    pub workflow: Arc<str>,
    /// How many places are due.
    pub due: u32,
    /// Since when the one that waits longest is due, of those that were looked at.
    pub oldest: Timestamp,
}
