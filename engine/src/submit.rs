//! Submissions: a run is begun in the same write that accepts it, where this worker has a slot for it.

use std::{collections::BTreeMap, future::IntoFuture, sync::Arc};

use futures::future::BoxFuture;
use stagemark_rules::{Event, Input, Kind, Status, Timestamp, begin, claimable, decide};
use tokio::sync::{mpsc, oneshot};

use crate::{
    Definition, Name, Payload, Run, RunError, RunId, Workflow,
    driver::{Driver, active::Active, clock::now, commit::CommitError, ledger::Ledger, slots::Slot, values},
    ports::{NewRun, Outcome, QueueEntry, StoreError, Submitted, Write},
    run,
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
    /// The engine does not serve the workflow in this version.
    #[error("no definition of workflow {workflow} in version {version} is served here; pass it to Builder::serve")]
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
    /// The store failed; the run was not accepted.
    #[error("the run could not be stored")]
    Store(#[source] Arc<StoreError>),
    /// The engine has shut down.
    #[error("the engine has shut down")]
    Closed,
}

impl<In, Out> Submit<In, Out> {
    pub(crate) fn new(driver: Arc<Driver>, workflow: Workflow<In, Out>, input: In) -> Self {
        Self { driver, workflow, input, key: None }
    }

    /// Names the submission: of all with one key only the first makes a run, and the others get that run.
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }
}

impl<In: Payload, Out: Payload> IntoFuture for Submit<In, Out> {
    type Output = Result<Run<Out>, SubmitError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { driver, workflow, input, key } = self;
        Box::pin(async move {
            let input = serde_json::to_string(&input).map_err(SubmitError::Input)?.into();
            let (workflow, version) = workflow.pinned();
            let definition = driver.definition(&Arc::from(workflow.as_str()), version);
            let definition = definition.ok_or(SubmitError::UnknownWorkflow { workflow, version })?;
            let submission = Submission::new(definition, input, key)?;
            submission.send(driver).await
        })
    }
}

/// A submission without its types.
struct Submission {
    definition: Arc<Definition>,
    id: RunId,
    input: Arc<str>,
    width: Option<u32>,
    key: Option<String>,
    at: Timestamp,
}

impl Submission {
    fn new(definition: Arc<Definition>, input: Arc<str>, key: Option<String>) -> Result<Self, SubmitError> {
        let mapped = definition.shape.is_mapped(0);
        let width = mapped.then(|| values::width(&input)).transpose().map_err(SubmitError::Input)?;
        Ok(Self { definition, id: RunId::new(), input, width, key, at: now() })
    }

    async fn send<Out>(self, driver: Arc<Driver>) -> Result<Run<Out>, SubmitError> {
        if driver.closing.is_cancelled() {
            return Err(SubmitError::Closed);
        }
        let (id, input, key) = (self.id, Arc::clone(&self.input), self.key.clone());
        let (definition, workflow) = (Arc::clone(&self.definition), self.definition.name());
        let (outcome, watch) = match self.leased(&driver) {
            Some((ledger, granted)) => {
                let watch = driver.interest.watch(id);
                (self.begin(&driver, ledger, granted).await, Some(watch))
            }
            None => (driver.committer.commit(Write::Submit(self.queued())).await, None),
        };
        match outcome {
            Ok(Outcome::Accepted) => {
                if watch.is_none() {
                    driver.queued();
                }
                Ok(Run::new(driver, definition, id, watch))
            }
            Ok(Outcome::Existing(first)) => {
                let run = same(&first, &input, key)?;
                earlier(driver, workflow, run).await
            }
            Ok(Outcome::Refused) | Err(CommitError::Closed) => Err(SubmitError::Closed),
            Err(CommitError::Store(error)) => Err(SubmitError::Store(error)),
        }
    }

    /// The run with its first steps leased to this worker, if it has slots for all of them and none waits before it.
    fn leased(&self, driver: &Driver) -> Option<(Ledger, BTreeMap<stagemark_rules::TaskId, Slot>)> {
        if driver.has_backlog() {
            return None;
        }
        let shape = &self.definition.shape;
        let mut run = begin(shape, self.width.map_or(Input::One, Input::List), self.at).run;
        let mut granted = BTreeMap::new();
        let opened: Vec<_> = claimable(shape, &run).collect();
        for (task, _) in opened {
            let step = self.definition.steps[usize::from(task.node)].as_ref()?;
            if shape.node(task.node)?.kind != Kind::Step {
                return None;
            }
            granted.insert(task, driver.slots.take(step.name, &mut Vec::new())?);
            run = decide(shape, &run, Event::Claimed { task, worker: driver.worker }, self.at).ok()?.run;
        }
        let (definition, input) = (Arc::clone(&self.definition), Arc::clone(&self.input));
        let mut ledger = Ledger::new(definition, self.id, input, run, Some(driver.worker));
        for task in granted.keys() {
            ledger.note(*task).started = Some(self.at);
        }
        (!granted.is_empty()).then_some((ledger, granted))
    }

    /// Sends a run that is held from the start. Its own task does it, so that it goes on also when the caller is gone.
    async fn begin(
        self,
        driver: &Arc<Driver>,
        ledger: Ledger,
        granted: BTreeMap<stagemark_rules::TaskId, Slot>,
    ) -> Result<Outcome, CommitError> {
        let (address, mailbox) = mpsc::unbounded_channel();
        driver.active.insert(self.id, address);
        let (born, outcome) = oneshot::channel();
        let active = Active::new(Arc::clone(driver), ledger, mailbox);
        let run = self.row(Status::Running, Some(driver.worker), Vec::new());
        driver.tracker.spawn(active.begin(run, granted, born));
        outcome.await.map_err(|_| CommitError::Closed)?
    }

    fn queued(self) -> NewRun {
        let queue = vec![QueueEntry { node: 0, due: self.at }];
        self.row(Status::Queued, None, queue)
    }

    fn row(self, status: Status, holder: Option<stagemark_rules::WorkerId>, queue: Vec<QueueEntry>) -> NewRun {
        NewRun {
            id: self.id,
            workflow: Arc::from(self.definition.name().as_str()),
            version: self.definition.version(),
            key: self.key,
            input: self.input,
            width: self.width,
            submitted: self.at,
            status,
            holder,
            queue,
        }
    }
}

/// A handle of the run that came first, which may be pinned to another version.
async fn earlier<Out>(driver: Arc<Driver>, workflow: Name, run: RunId) -> Result<Run<Out>, SubmitError> {
    match run::attach(&driver, workflow, run).await {
        Ok(run) => Ok(run),
        Err(RunError::NotServed { version, .. }) => Err(SubmitError::UnknownWorkflow { workflow, version }),
        Err(RunError::Store(error)) => Err(SubmitError::Store(Arc::new(error))),
        Err(_) => Err(SubmitError::Closed),
    }
}

/// The run that came first with the key, if it was submitted with the same input.
fn same(first: &Submitted, input: &str, key: Option<String>) -> Result<RunId, SubmitError> {
    let parse = |text: &str| serde_json::from_str::<serde_json::Value>(text).map_err(SubmitError::Input);
    // By value: the members of a map come in another order each time.
    if *first.input == *input || parse(&first.input)? == parse(input)? {
        return Ok(first.id);
    }
    Err(SubmitError::KeyReused { key: key.unwrap_or_default(), run: first.id })
}
