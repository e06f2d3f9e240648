//! Submissions, as callers make them.

use std::{future::IntoFuture, marker::PhantomData, sync::Arc, time::Duration};

use futures::future::BoxFuture;
use stagemark_rules::Timestamp;
use tracing::{Instrument, Span};

use crate::{
    Name, Payload, Priority, Run, RunId, Workflow,
    driver::{Driver, ledger::Origin},
    ports::{Hint, NewRun, Outcome, StoreError, Submitted, Write},
    submission::Submission,
    trace,
};

/// A submission; await it to send it. See [`Engine::submit`](crate::Engine::submit).
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use stagemark::{Engine, MemoryStore, Workflow};
///
/// const ECHO: Workflow<u32, u32> = Workflow::new("echo");
/// let engine = Engine::builder(MemoryStore::new()).serve(ECHO.define(|n| n)).start().await?;
///
/// let first = engine.submit(ECHO, 7).key("seven").await?;
/// let again = engine.submit(ECHO, 7).key("seven").await?;
/// assert_eq!(first.id(), again.id());
/// # Ok(()) }
/// ```
#[must_use = "a submission is sent when it is awaited"]
#[derive(Debug)]
pub struct Submit<In, Out> {
    driver: Arc<Driver>,
    workflow: Workflow<In, Out>,
    input: In,
    key: Option<String>,
    priority: Priority,
    trace: Option<Arc<str>>,
    start: Start,
}

/// When a run may begin.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Start {
    Now,
    At(Timestamp),
    After(Duration),
}

impl Start {
    fn due(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Now => now,
            Self::At(moment) => moment.max(now),
            Self::After(delay) => now.after(delay),
        }
    }
}

/// Why a run was not accepted.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use stagemark::{Engine, MemoryStore, SubmitError, Workflow};
///
/// const ECHO: Workflow<u32, u32> = Workflow::new("echo");
/// let engine = Engine::builder(MemoryStore::new()).serve(ECHO.define(|n| n)).start().await?;
///
/// engine.submit(ECHO, 7).key("seven").await?;
/// let other = engine.submit(ECHO, 8).key("seven").await;
/// assert!(matches!(other, Err(SubmitError::KeyReused { .. })));
/// # Ok(()) }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SubmitError {
    /// The engine serves other workflows, and nobody has served this one in this version.
    #[error("no definition of workflow {workflow} in version {version} was ever served; pass it to Builder::serve")]
    UnknownWorkflow {
        /// The name of the workflow.
        workflow: Name,
        /// The version.
        version: u32,
    },
    /// The idempotency key was used with another input.
    #[error("key {key} already belongs to run {run} with another input")]
    KeyReused {
        /// The key.
        key: String,
        /// The run that it belongs to.
        run: RunId,
    },
    /// The input cannot be written as JSON.
    #[error("the input cannot be written as JSON")]
    Input(#[source] serde_json::Error),
    /// The store failed. Where it was lost in the middle of the write, the run may have been accepted all the same:
    /// submit it again with the same key, and it is one run.
    #[error("the run could not be stored")]
    Store(#[source] Arc<StoreError>),
    /// The engine has shut down.
    #[error("the engine has shut down")]
    Closed,
}

impl<In, Out> Submit<In, Out> {
    pub(crate) fn new(driver: Arc<Driver>, workflow: Workflow<In, Out>, input: In) -> Self {
        Self { driver, workflow, input, key: None, priority: Priority::Normal, trace: None, start: Start::Now }
    }

    /// Names the submission: of all with one key only the first makes a run, and the others get that run.
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// Goes before or after other runs that wait for a worker (default: [`Priority::Normal`]).
    pub fn priority(mut self, priority: Priority) -> Self {
        self.priority = priority;
        self
    }

    /// Begins the run at a moment of the store's clock ([`Engine::now`](crate::Engine::now)) and not before; at once where
    /// that is past. Until then it is queued, also across restarts, and can be cancelled.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::time::Duration;
    /// use stagemark::{Engine, MemoryStore, Status, Workflow};
    ///
    /// const ECHO: Workflow<u32, u32> = Workflow::new("echo");
    /// let engine = Engine::builder(MemoryStore::new()).serve(ECHO.define(|n| n)).start().await?;
    ///
    /// let tomorrow = engine.now().after(Duration::from_hours(24));
    /// let run = engine.submit(ECHO, 7).at(tomorrow).await?;
    /// assert_eq!(run.status().await?.status, Status::Queued);
    /// assert_eq!(run.cancel().await?, Status::Cancelled);
    /// # Ok(()) }
    /// ```
    pub fn at(mut self, moment: Timestamp) -> Self {
        self.start = Start::At(moment);
        self
    }

    /// Begins the run so long after its submission, and not before; see [`at`](Self::at).
    pub fn after(mut self, delay: Duration) -> Self {
        self.start = Start::After(delay);
        self
    }

    /// Makes the run part of a trace, named by a `traceparent` of [W3C Trace Context](https://www.w3.org/TR/trace-context/)
    /// (default: with the feature `otel`, the trace of the current span, or a new one).
    pub fn trace(mut self, traceparent: impl Into<Arc<str>>) -> Self {
        self.trace = Some(traceparent.into());
        self
    }
}

impl<In: Payload, Out: Payload> Submit<In, Out> {
    /// The write that would submit the run, for adapters that make it part of a transaction of the caller's, as
    /// `stagemark_sql::SubmitIn` does.
    pub async fn prepare(self) -> Result<Prepared<Out>, SubmitError> {
        let (submit, span) = self.traced();
        let driver = Arc::clone(&submit.driver);
        let submission = submit.submission().instrument(span).await?;
        let (run, hints) = submission.queued(&driver);
        Ok(Prepared { driver, key: run.key.clone(), write: Write::Submit(run), hints, types: PhantomData })
    }

    /// With a span of its own, and the trace that the run is part of by it.
    fn traced(mut self) -> (Self, Span) {
        let span = tracing::debug_span!("submit", workflow = %self.workflow.name());
        self.trace = trace::begin(&span, self.trace.take());
        (self, span)
    }

    async fn submission(self) -> Result<Submission, SubmitError> {
        let Self { driver, workflow, input, key, priority, trace, start } = self;
        let input = serde_json::to_string(&input).map_err(SubmitError::Input)?.into();
        let (name, version) = workflow.pinned();
        let workflow = Arc::from(name.as_str());
        let plan = driver.plan(&workflow, version).await.map_err(|error| SubmitError::Store(Arc::new(error)))?;
        // One that serves nothing submits for others, who may not have come yet.
        if plan.is_none() && !driver.plans.is_empty() {
            return Err(SubmitError::UnknownWorkflow { workflow: name, version });
        }
        let origin = Origin { run: RunId::new(), workflow, version, input, priority, trace };
        let now = driver.clock.now();
        Ok(Submission::new(plan, origin, key, now)?.not_before(start.due(now)))
    }
}

impl<In: Payload, Out: Payload> IntoFuture for Submit<In, Out> {
    type Output = Result<Run<Out>, SubmitError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        let (submit, span) = self.traced();
        let driver = Arc::clone(&submit.driver);
        Box::pin(async move { submit.submission().await?.send(driver).await }.instrument(span))
    }
}

/// A submission that is to be written in a transaction of the caller's; see [`Submit::prepare`].
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use stagemark::{Engine, MemoryStore, Workflow, ports::Store};
///
/// const ECHO: Workflow<u32, u32> = Workflow::new("echo");
/// let store = MemoryStore::new();
/// let engine = Engine::builder(store.clone()).serve(ECHO.define(|n| n)).start().await?;
///
/// let prepared = engine.submit(ECHO, 7).prepare().await?;
/// let outcome = store.write(&[prepared.write().clone()]).await?.remove(0); // in the adapter: in the transaction
/// let run = prepared.settle(outcome)?;
/// run.wake();
/// assert_eq!(run.result().await?, 7);
/// # Ok(()) }
/// ```
#[must_use = "nothing is submitted before the write is made"]
#[derive(Debug)]
pub struct Prepared<Out> {
    driver: Arc<Driver>,
    key: Option<String>,
    write: Write,
    hints: Vec<Hint>,
    types: PhantomData<fn() -> Out>,
}

impl<Out> Prepared<Out> {
    /// What is to be written.
    pub fn write(&self) -> &Write {
        &self.write
    }

    /// A handle of the run, from what became of the write. Once the transaction is committed, [`Run::wake`] tells
    /// workers of it.
    pub fn settle(self, outcome: Outcome) -> Result<Run<Out>, SubmitError> {
        let Write::Submit(NewRun { id, ref input, ref workflow, .. }) = self.write else {
            return Err(SubmitError::Closed);
        };
        if outcome == Outcome::Accepted {
            self.driver.meters.submitted(workflow);
        }
        let id = accepted(outcome, id, input, self.key)?;
        Ok(Run::new(self.driver, id, None).uncommitted(self.hints))
    }
}

/// The run that a submission led to: its own, or the one that came first with its key.
pub(crate) fn accepted(outcome: Outcome, own: RunId, input: &str, key: Option<String>) -> Result<RunId, SubmitError> {
    match outcome {
        Outcome::Accepted => Ok(own),
        Outcome::Existing(first) if first.id == own => Ok(own),
        Outcome::Existing(first) => same(&first, input, key),
        Outcome::Refused | Outcome::Spoiled { .. } => Err(SubmitError::Closed),
    }
}

/// Whether two inputs are the same, by value: the members of a map come in another order each time.
pub(crate) fn is_same_input(one: &str, other: &str) -> bool {
    let parse = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
    *one == *other || parse(one).is_some_and(|one| Some(one) == parse(other))
}

/// The run that came first with the key, if it was submitted with the same input.
fn same(first: &Submitted, input: &str, key: Option<String>) -> Result<RunId, SubmitError> {
    if is_same_input(&first.input, input) {
        return Ok(first.id);
    }
    Err(SubmitError::KeyReused { key: key.unwrap_or_default(), run: first.id })
}
