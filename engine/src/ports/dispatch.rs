//! The port to what wakes workers, and the outbox that it is fed from.

use std::{error::Error, fmt::Debug, sync::Arc};

use async_trait::async_trait;
use stagemark_rules::Timestamp;

use super::StoreError;
use crate::{Priority, RunId};

/// A run has something to do: where to look, never what is true. It may come late, twice, or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// Which run.
    pub run: RunId,
    /// At which node; 0 is the input: the run has not begun.
    pub node: u16,
    /// The name of its workflow.
    pub workflow: Arc<str>,
    /// Its version.
    pub version: u32,
    /// The pool of workers that is to be told.
    pub pool: Arc<str>,
    /// Which runs it goes before.
    pub priority: Priority,
    /// The trace that the run is part of, as a W3C `traceparent`.
    pub trace: Option<Arc<str>>,
}

/// Hints that were committed with the state that they tell of, and that no broker has confirmed yet.
///
/// [`Store::write`](super::Store::write) adds them, in its transaction; a hint of the same run and node replaces the
/// earlier one.
#[async_trait]
pub trait Outbox {
    /// Hints that were written before a moment and are still there, oldest first, at most so many.
    async fn unsent(&self, before: Timestamp, limit: u32) -> Result<Vec<Hint>, StoreError>;

    /// Removes hints, by run and node; those that are not there are no error.
    async fn sent(&self, hints: &[Hint]) -> Result<(), StoreError>;

    /// The store's own way to wake workers, used where the engine is given no broker.
    fn doorbell(&self) -> Option<Arc<dyn Dispatch>> {
        None
    }
}

/// Carries hints to workers, fast and without a promise: the queue in the store is the truth, and sweepers look into
/// it whatever happens here.
///
/// The contract, each clause of which is a case of the conformance suite:
/// - What [`publish`](Self::publish) answered `Ok` for is handed to one of those who receive from its pool, and to
///   another if that one dies before it settles.
/// - What was [settled](Self::settle) is not handed out again.
/// - A message that cannot be read is set aside, and those behind it are handed out.
/// - Connections come back by themselves: an error is for those who called meanwhile.
///
/// ```
/// # use std::sync::Arc;
/// use stagemark::{Priority, RunId, ports::{Dispatch, DispatchError, Hint}};
///
/// async fn ring(broker: &dyn Dispatch, run: RunId) -> Result<(), DispatchError> {
///     let (workflow, pool) = (Arc::from("publish-video"), Arc::from("default"));
///     let hint = Hint { run, node: 0, workflow, version: 1, pool, priority: Priority::Normal, trace: None };
///     broker.publish(&[hint]).await
/// }
/// ```
#[async_trait]
pub trait Dispatch: Send + Sync + Debug + 'static {
    /// Publishes hints, and returns when the broker has confirmed all of them. After an error, and when the call is
    /// dropped, any of them may have been published.
    async fn publish(&self, hints: &[Hint]) -> Result<(), DispatchError>;

    /// Waits for hints to these pools, and gives those that are there: at least one, at most `limit`. The pools are
    /// the same at each call. Dropping the call loses nothing.
    async fn receive(&self, pools: &[Arc<str>], limit: usize) -> Result<Vec<Delivery>, DispatchError>;

    /// Tells that the claims which these asked for are committed.
    async fn settle(&self, deliveries: Vec<Delivery>) -> Result<(), DispatchError>;

    /// Whether hints go through the outbox; not where a lost one is no loss, since nobody else would remember it.
    fn needs_outbox(&self) -> bool {
        true
    }
}

/// A hint in the hands of a worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// What it says; `None` asks for a look into the queue.
    pub hint: Option<Hint>,
    /// What the adapter knows it by.
    pub tag: u64,
}

/// Why a broker could not do what was asked; hints are sent again, and the queue is looked into meanwhile.
///
/// ```
/// use stagemark::ports::DispatchError;
///
/// let error = DispatchError::new("publishing hints", "the connection was closed");
/// assert_eq!(error.to_string(), "publishing hints: the broker did not do it");
/// ```
#[derive(Debug, thiserror::Error)]
#[error("{doing}: the broker did not do it")]
pub struct DispatchError {
    /// What was being done.
    pub doing: &'static str,
    /// What the broker said.
    #[source]
    pub source: Box<dyn Error + Send + Sync>,
}

impl DispatchError {
    /// An error of this cause.
    pub fn new(doing: &'static str, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { doing, source: source.into() }
    }
}
