//! What operators ask of an engine: of any run by its id, whatever its workflow and whoever carries it.

use std::sync::Arc;

use futures::Stream;
use stagemark_rules::Status;
use tracing::Instrument;

use crate::{
    Engine, RunError, RunFilter, RunId, RunPage, RunStatus, SubmitError,
    driver::{Driver, ledger::Origin},
    ports::{Forgotten, Record, StoreError},
    progress, run,
    submission::Submission,
    trace,
};

/// Why a run was not redriven.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use stagemark::{Engine, MemoryStore, RedriveError, RunId};
///
/// let engine = Engine::builder(MemoryStore::new()).start().await?;
/// assert!(matches!(engine.redrive(RunId::new()).await, Err(RedriveError::Unknown(_))));
/// # Ok(()) }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RedriveError {
    /// There is no such run.
    #[error("there is no run {0} to redrive; it may have been forgotten")]
    Unknown(RunId),
    /// It did not fail and was not cancelled.
    #[error("run {run} is {status}: only one that failed or was cancelled is redriven")]
    NotStopped {
        /// Which run.
        run: RunId,
        /// Its status.
        status: Status,
    },
    /// The run could not be read.
    #[error("the run to redrive could not be read")]
    Store(#[from] StoreError),
    /// The new run was not accepted.
    #[error("the run that takes the place of {run} was not accepted")]
    Submit {
        /// The run that was to be redriven.
        run: RunId,
        /// Why.
        source: SubmitError,
    },
}

/// Why a run was not forgotten.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use stagemark::{Engine, ForgetError, MemoryStore, RunId};
///
/// let engine = Engine::builder(MemoryStore::new()).start().await?;
/// assert!(matches!(engine.forget(RunId::new()).await, Err(ForgetError::Unknown(_))));
/// # Ok(()) }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ForgetError {
    /// There is no such run.
    #[error("there is no run {0} to forget")]
    Unknown(RunId),
    /// It has not ended.
    #[error("run {run} is {status}: cancel it first, or wait for its end, to forget it")]
    NotEnded {
        /// Which run.
        run: RunId,
        /// Its status.
        status: Status,
    },
    /// The store failed.
    #[error("the run could not be removed")]
    Store(#[from] StoreError),
}

impl Engine {
    /// Where a run and its tasks are, of whatever workflow. Where no worker has served that yet, the tasks are not known.
    ///
    /// # Errors
    /// [`RunError::Unknown`] if there is no such run.
    pub async fn status_of(&self, run: RunId) -> Result<RunStatus, RunError> {
        progress::see(&self.driver, run).await
    }

    /// The statuses that a run goes through, as [`Run::progress`](crate::Run::progress) gives them; the first is that of
    /// now.
    pub fn watch_run(&self, run: RunId) -> impl Stream<Item = Result<RunStatus, RunError>> + Send + 'static {
        progress::watch(Arc::clone(&self.driver), run)
    }

    /// Asks a run to stop, as [`Run::cancel`](crate::Run::cancel) does, and gives its status afterwards.
    ///
    /// # Errors
    /// [`RunError::Unknown`] if there is no such run, [`RunError::NotServed`] if no worker has ever served its workflow.
    pub async fn cancel_run(&self, run: RunId) -> Result<Status, RunError> {
        run::cancel(&self.driver, run).await
    }

    /// Submits what a run was that failed or was cancelled, once more: a new run of the same workflow, version, input and
    /// priority, whose id is given. However often it is asked for, a run leads to one new run; that one can be redriven in
    /// its turn. Steps whose results are [kept](crate::Reuse) need not run again.
    ///
    /// # Errors
    /// [`RedriveError::NotStopped`] if the run is on its way, or is ready.
    pub async fn redrive(&self, run: RunId) -> Result<RunId, RedriveError> {
        let record = self.driver.store.load(&[run]).await?.pop().ok_or(RedriveError::Unknown(run))?;
        if !matches!(record.status, Status::Failed | Status::Cancelled) {
            return Err(RedriveError::NotStopped { run, status: record.status });
        }
        let span = tracing::debug_span!("redrive", workflow = %record.workflow);
        // Where nothing names another trace it stays in that of the run whose place it takes.
        let trace = trace::begin(&span, None).or_else(|| record.trace.clone());
        let driver = Arc::clone(&self.driver);
        let redriven = again(driver, record, trace).instrument(span).await;
        redriven.map_err(|source| RedriveError::Submit { run, source })
    }

    /// A page of runs, newest first: a look that costs little however many there are.
    pub async fn runs(&self, filter: &RunFilter) -> Result<RunPage, StoreError> {
        Ok(self.driver.store.page(filter.page()).await?.into())
    }

    /// Removes a run that has ended, its markers and its key for good, as if it had never been submitted. What it has put
    /// into the artifact store, and results that are kept, stay; the [collector](crate::Collector) removes the former
    /// [if it is told to](crate::Collector::with_forgotten_runs).
    ///
    /// # Errors
    /// [`ForgetError::NotEnded`] if it may still go on.
    pub async fn forget(&self, run: RunId) -> Result<(), ForgetError> {
        match self.driver.store.forget(run).await? {
            Forgotten::Removed => Ok(()),
            Forgotten::Live(status) => Err(ForgetError::NotEnded { run, status }),
            Forgotten::Unknown => Err(ForgetError::Unknown(run)),
        }
    }
}

/// Submits what a run was; its key names the run, so that all who ask get the same.
async fn again(driver: Arc<Driver>, record: Record, trace: Option<Arc<str>>) -> Result<RunId, SubmitError> {
    let Record { id, workflow, version, input, priority, .. } = record;
    let plan = driver.plan(&workflow, version).await.map_err(|error| SubmitError::Store(Arc::new(error)))?;
    let origin = Origin { run: RunId::new(), workflow, version, input, priority, trace };
    let submission = Submission::new(plan, origin, Some(format!("stagemark/redrive/{id}")), driver.clock.now())?;
    Ok(submission.send::<()>(driver).await?.id())
}
