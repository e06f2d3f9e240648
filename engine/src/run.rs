//! The handle of a run: to wait for it, watch it and stop it.

use std::{fmt, marker::PhantomData, sync::Arc};

use futures::Stream;
use stagemark_rules::Status;
use tokio::sync::oneshot;

use crate::{
    FailedStep, Name, Payload, RunId, RunStatus,
    driver::{
        Driver,
        active::Message,
        clock::Pause,
        interest::{End, Watch},
        ledger::Ledger,
    },
    ports::{Hint, Record, StoreError, StoreErrorKind},
    progress,
};

/// A typed handle of a run.
///
/// It holds nothing open: dropping it changes nothing, and [`Engine::attach`](crate::Engine::attach) makes another.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use futures::{StreamExt, pin_mut};
/// use stagemark::{Engine, MemoryStore, Name, Workflow, from_fn};
///
/// const DOUBLE: Workflow<u32, u32> = Workflow::new("double");
/// let double = DOUBLE.define(|n| n.then(from_fn(Name::new("twice"), |_, n: u32| async move { Ok(n * 2) })));
/// let engine = Engine::builder(MemoryStore::new()).serve(double).start().await?;
///
/// let run = engine.submit(DOUBLE, 21).await?;
/// let progress = run.progress();
/// pin_mut!(progress);
/// while let Some(status) = progress.next().await {
///     println!("{}", status?.status);
/// }
/// assert_eq!(run.result().await?, 42);
/// # Ok(()) }
/// ```
pub struct Run<Out> {
    driver: Arc<Driver>,
    id: RunId,
    /// What workers are to be told once the submission is committed, where the caller does that.
    hints: Vec<Hint>,
    /// Keeps the news of a run that began here, so that its result need not be read.
    _watch: Option<Watch>,
    types: PhantomData<fn() -> Out>,
}

impl<Out> fmt::Debug for Run<Out> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Why a run has no result, or cannot be seen.
///
/// ```
/// use stagemark::RunError;
///
/// fn advise(error: &RunError) -> &'static str {
///     match error {
///         RunError::Failed(_) => "see the step that failed",
///         RunError::Cancelled => "submit it again",
///         _ => "try again later",
///     }
/// }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// A step failed for good.
    #[error("the run failed: {0}")]
    Failed(FailedStep),
    /// It was cancelled.
    #[error("the run was cancelled")]
    Cancelled,
    /// There is no such run of this workflow.
    #[error("there is no run {0} of this workflow")]
    Unknown(RunId),
    /// Nobody has served the version that the run is pinned to, so that its steps are not known.
    #[error("version {version} of workflow {workflow} was never served; start a worker with its definition")]
    NotServed {
        /// The name of the workflow.
        workflow: Arc<str>,
        /// The version.
        version: u32,
    },
    /// The result is not of the type that the workflow names.
    #[error("the result of the run is not of the type that the workflow names")]
    Result(#[source] serde_json::Error),
    /// The store failed.
    #[error("the run could not be read or written")]
    Store(#[from] StoreError),
    /// The engine has shut down; the run goes on when one is started again.
    #[error("the engine has shut down")]
    Closed,
}

pub(crate) async fn attach<Out>(driver: &Arc<Driver>, workflow: Name, run: RunId) -> Result<Run<Out>, RunError> {
    let record = read(driver, run).await?;
    if *record.workflow != *workflow.as_str() {
        return Err(RunError::Unknown(run));
    }
    Ok(Run::new(Arc::clone(driver), run, None))
}

pub(crate) async fn read(driver: &Driver, run: RunId) -> Result<Record, RunError> {
    driver.store.load(&[run]).await?.pop().ok_or(RunError::Unknown(run))
}

pub(crate) async fn cancel(driver: &Arc<Driver>, run: RunId) -> Result<Status, RunError> {
    let record = read(driver, run).await?;
    if record.status.has_ended() {
        return Ok(record.status);
    }
    let (workflow, version) = (Arc::clone(&record.workflow), record.version);
    let plan = driver.plan(&workflow, version).await?.ok_or(RunError::NotServed { workflow, version })?;
    let (asked, answer) = oneshot::channel();
    driver.deliver(plan, record, |_| Message::Cancel(asked));
    answer.await.map_err(|_| RunError::Closed)
}

impl<Out> Run<Out> {
    pub(crate) fn new(driver: Arc<Driver>, id: RunId, watch: Option<Watch>) -> Self {
        Self { driver, id, hints: Vec::new(), _watch: watch, types: PhantomData }
    }

    /// The same handle, of a run whose submission is part of a transaction that is still open.
    pub(crate) fn uncommitted(self, hints: Vec<Hint>) -> Self {
        Self { hints, ..self }
    }

    /// The id of the run.
    pub fn id(&self) -> RunId {
        self.id
    }

    /// Tells workers of a run that was submitted within a transaction of the caller's, now that this is committed.
    /// Without it they find the run within a poll interval.
    pub fn wake(&self) {
        self.driver.queued(self.hints.clone());
    }

    /// Where the run and its tasks are. Of a workflow that no worker has served yet, the tasks are not known.
    pub async fn status(&self) -> Result<RunStatus, RunError> {
        progress::see(&self.driver, self.id).await
    }

    /// The statuses that the run goes through, from now on, as often as there is news and at most ten times a second;
    /// ends after the one in which the run has ended, or after an error.
    pub fn progress(&self) -> impl Stream<Item = Result<RunStatus, RunError>> + Send + 'static {
        progress::watch(Arc::clone(&self.driver), self.id)
    }

    /// Asks the run to stop, and gives its status afterwards: cancelled, unless it had ended before.
    ///
    /// Steps that run are told at once where they run in this process, and within a heartbeat elsewhere; from now on
    /// none of them can commit.
    ///
    /// # Errors
    /// [`RunError::NotServed`] if no worker has ever served the workflow.
    pub async fn cancel(&self) -> Result<Status, RunError> {
        cancel(&self.driver, self.id).await
    }

    async fn end(&self) -> Result<Arc<End>, RunError> {
        let mut watch = self.driver.interest.watch(self.id);
        if let Some(end) = watch.end() {
            return Ok(end);
        }
        // Watching first, so that it cannot end unseen between the look and the wait.
        if !self.driver.active.contains_key(&self.id)
            && let Some(end) = self.stored_end().await?
        {
            return Ok(Arc::new(end));
        }
        loop {
            tokio::select! {
                () = watch.moved() => {}
                () = self.driver.over.cancelled() => return watch.end().ok_or(RunError::Closed),
            }
            if let Some(end) = watch.end() {
                return Ok(end);
            }
        }
    }

    /// How it ended, if it has. A store that is away is waited for.
    async fn stored_end(&self) -> Result<Option<End>, RunError> {
        let mut pause = Pause::default();
        loop {
            match self.read_end().await {
                Err(RunError::Store(error)) if error.kind == StoreErrorKind::Unreachable => {}
                known => return known,
            }
            tokio::select! {
                () = pause.wait() => {}
                () = self.driver.over.cancelled() => return Err(RunError::Closed),
            }
        }
    }

    async fn read_end(&self) -> Result<Option<End>, RunError> {
        let record = read(&self.driver, self.id).await?;
        if !record.status.has_ended() {
            return Ok(None);
        }
        let (workflow, version) = (Arc::clone(&record.workflow), record.version);
        let plan = self.driver.plan(&workflow, version).await?.ok_or(RunError::NotServed { workflow, version })?;
        Ok(Some(Ledger::of(plan, record).end()))
    }
}

impl<Out: Payload> Run<Out> {
    /// Waits until the run has ended and gives its result.
    ///
    /// # Errors
    /// [`RunError::Failed`] with the step, the attempt and the whole cause chain; [`RunError::Cancelled`]; or what kept
    /// the result from being read.
    pub async fn result(&self) -> Result<Out, RunError> {
        let end = self.end().await?;
        match (end.status, &end.result) {
            (Status::Ready, Some(result)) => serde_json::from_str(result).map_err(RunError::Result),
            (Status::Cancelled, _) => Err(RunError::Cancelled),
            _ => Err(RunError::Failed(FailedStep::parse(end.error.as_deref().unwrap_or("the cause was not kept")))),
        }
    }
}
