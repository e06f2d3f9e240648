//! A submission on its way: a run is begun in the same write that accepts it, where this worker has a slot for it.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use stagemark_rules::{Event, Input, Kind, Status, TaskId, Timestamp, WorkerId, begin, claimable, decide};
use tokio::sync::{mpsc, oneshot};

use crate::{
    DEFAULT_POOL, Run, RunId, SubmitError,
    driver::{
        Driver,
        active::Active,
        clock::Pause,
        commit::CommitError,
        ledger::{Ledger, Origin},
        slots::Slot,
        values,
    },
    ports::{Hint, NewRun, Outcome, QueueEntry, StoreErrorKind, Write},
    submit::{accepted, is_same_input},
    workflow::Plan,
};

/// How long a submission waits for a store that cannot be reached.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long idempotency keys are remembered in front of the unique index.
const REMEMBERED: Duration = Duration::from_hours(24);

/// A submission without its types.
pub(crate) struct Submission {
    /// What is known of its workflow here.
    plan: Option<Arc<Plan>>,
    origin: Origin,
    width: Option<u32>,
    key: Option<String>,
    at: Timestamp,
    /// When it may begin.
    due: Timestamp,
}

impl Submission {
    pub(crate) fn new(
        plan: Option<Arc<Plan>>,
        origin: Origin,
        key: Option<String>,
        at: Timestamp,
    ) -> Result<Self, SubmitError> {
        let mapped = plan.as_ref().is_some_and(|plan| plan.shape.is_mapped(0));
        let width = mapped.then(|| values::width(&origin.input)).transpose().map_err(SubmitError::Input)?;
        Ok(Self { plan, origin, width, key, at, due: at })
    }

    /// The same, to be begun at a moment and not before.
    pub(crate) fn not_before(self, due: Timestamp) -> Self {
        Self { due, ..self }
    }

    pub(crate) async fn send<Out>(self, driver: Arc<Driver>) -> Result<Run<Out>, SubmitError> {
        if driver.closing.is_cancelled() {
            return Err(SubmitError::Closed);
        }
        if let Some(first) = self.recalled(&driver).await {
            return Ok(Run::new(driver, first, None));
        }
        let (own, input, key) = (self.origin.run, Arc::clone(&self.origin.input), self.key.clone());
        let workflow = Arc::clone(&self.origin.workflow);
        let (outcome, watch) = if let Some((ledger, granted)) = self.leased(&driver) {
            let watch = driver.interest.watch(own);
            (self.begin(&driver, ledger, granted).await, Some(watch))
        } else {
            let (run, hints) = self.queued(&driver);
            let outcome = driver.accept(run).await;
            if matches!(outcome, Ok(Outcome::Accepted)) {
                driver.queued(hints);
            }
            (outcome, None)
        };
        let outcome = outcome.map_err(|error| match error {
            CommitError::Store(error) => SubmitError::Store(error),
            CommitError::Closed => SubmitError::Closed,
        })?;
        let run = accepted(outcome, own, &input, key.clone())?;
        if run == own {
            driver.meters.submitted(&workflow);
        }
        driver.remember(workflow, key, run);
        Ok(Run::new(driver, run, watch.filter(|_| run == own)))
    }

    /// The run that is remembered for the key, if the store knows it as what is submitted here. Everything else is the
    /// unique index's to decide.
    async fn recalled(&self, driver: &Driver) -> Option<RunId> {
        let (dedup, key) = (driver.dedup.as_ref()?, self.key.as_ref()?);
        let run = dedup.ask(dedup.port.recall(&self.origin.workflow, key)).await??;
        let first = driver.store.load(&[run]).await.ok()?.pop()?;
        let is_same = first.workflow == self.origin.workflow && is_same_input(&first.input, &self.origin.input);
        is_same.then_some(run)
    }

    /// The run with its first steps leased to this worker, if it has slots for all of them and none waits before it.
    fn leased(&self, driver: &Driver) -> Option<(Ledger, BTreeMap<TaskId, Slot>)> {
        if driver.has_backlog() || self.due > self.at {
            return None;
        }
        let plan = self.plan.as_ref()?;
        let shape = &plan.shape;
        let mut run = begin(shape, self.width.map_or(Input::One, Input::List), self.at).run;
        let mut granted = BTreeMap::new();
        let opened: Vec<_> = claimable(shape, &run).collect();
        for (task, _) in opened {
            if shape.node(task.node)?.kind != Kind::Step {
                return None;
            }
            let planned = plan.attempt_at(task, run.leased_with(shape, task))?;
            granted.insert(task, driver.slots.take(&planned.slots, &mut Vec::new())?);
            run = decide(shape, &run, Event::Claimed { task, worker: driver.worker }, self.at).ok()?.run;
        }
        let mut ledger = Ledger::new(Arc::clone(plan), self.origin.clone(), run, Some(driver.worker));
        for task in ledger.run.leased().map(|(task, _, _)| task).collect::<Vec<_>>() {
            ledger.note(task).started = Some(self.at);
        }
        (!granted.is_empty()).then_some((ledger, granted))
    }

    /// Sends a run that is held from the start. Its own task does it, so that it goes on also when the caller is gone.
    async fn begin(
        self,
        driver: &Arc<Driver>,
        ledger: Ledger,
        granted: BTreeMap<TaskId, Slot>,
    ) -> Result<Outcome, CommitError> {
        let (address, mailbox) = mpsc::unbounded_channel();
        driver.active.insert(self.origin.run, address);
        let (born, outcome) = oneshot::channel();
        let active = Active::new(Arc::clone(driver), ledger, mailbox);
        let run = self.row(Status::Running, Some(driver.worker));
        driver.tracker.spawn(active.begin(run, granted, born));
        outcome.await.map_err(|_| CommitError::Closed)?
    }

    /// The run as it waits for any worker, and what tells them of it.
    pub(crate) fn queued(self, driver: &Driver) -> (NewRun, Vec<Hint>) {
        let queue = vec![QueueEntry { node: 0, due: self.due }];
        let pool = self.plan.as_ref().map_or(DEFAULT_POOL, |plan| plan.pool_of(0));
        let hints = driver.relay.hints(&self.origin, |_| pool, &queue, self.at);
        let outbox = driver.relay.outbox(&hints);
        (NewRun { queue, outbox, ..self.row(Status::Queued, None) }, hints)
    }

    fn row(self, status: Status, holder: Option<WorkerId>) -> NewRun {
        let Origin { run, workflow, version, input, priority, trace } = self.origin;
        NewRun {
            id: run,
            workflow,
            version,
            key: self.key,
            input,
            width: self.width,
            priority,
            trace,
            submitted: self.at,
            status,
            holder,
            queue: Vec::new(),
            outbox: Vec::new(),
        }
    }
}

impl Driver {
    /// Remembers which run a key led to, for those who submit it again. Nobody waits for that.
    fn remember(self: &Arc<Self>, workflow: Arc<str>, key: Option<String>, run: RunId) {
        let (Some(dedup), Some(key)) = (&self.dedup, key) else { return };
        if dedup.answers() {
            let driver = Arc::clone(self);
            self.tracker.spawn(async move {
                let dedup = driver.dedup.as_ref()?;
                dedup.ask(dedup.port.remember(&workflow, &key, run, REMEMBERED)).await
            });
        }
    }

    /// Commits a submission. Where the store is lost meanwhile it is sent again, which is harmless: a run with its id is
    /// this one, written by a commit whose answer was lost.
    pub(crate) async fn accept(&self, run: NewRun) -> Result<Outcome, CommitError> {
        let mut pause = Pause::default();
        loop {
            let error = match self.committer.commit(Write::Submit(run.clone())).await {
                Err(CommitError::Store(error)) => error,
                Ok(Outcome::Refused) if !pause.total().is_zero() => return Ok(Outcome::Accepted),
                Ok(Outcome::Existing(first)) if first.id == run.id => return Ok(Outcome::Accepted),
                known => return known,
            };
            if error.kind != StoreErrorKind::Unreachable || pause.total() > PATIENCE || self.closing.is_cancelled() {
                return Err(CommitError::Store(error));
            }
            pause.wait().await;
        }
    }
}
