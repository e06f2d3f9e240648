//! What is seen of a run from outside: its status, and each of its tasks.

use std::{fmt, sync::Arc};

use stagemark_rules::{Fusion, Kind, Phase, Run as State, Status, TaskId, Timestamp, WorkerId};

use crate::{
    RunId,
    driver::{Driver, ledger::Ledger, turn::RunFailure},
    ports::Record,
    workflow::Plan,
};

/// Where a run is, with its tasks in the order of the plan.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use stagemark::{Engine, MemoryStore, Status, TaskState, Workflow, from_fn, Name};
///
/// const DOUBLE: Workflow<u32, u32> = Workflow::new("double");
/// let double = DOUBLE.define(|n| n.then(from_fn(Name::new("twice"), |_, n: u32| async move { Ok(n * 2) })));
/// let engine = Engine::builder(MemoryStore::new()).serve(double).start().await?;
///
/// let run = engine.submit(DOUBLE, 21).await?;
/// run.result().await?;
/// let status = run.status().await?;
/// assert_eq!(status.status, Status::Ready);
/// assert_eq!(status.tasks[0].state, TaskState::Ready);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct RunStatus {
    /// Which run.
    pub run: RunId,
    /// The name of its workflow.
    pub workflow: Arc<str>,
    /// The version that it is pinned to.
    pub version: u32,
    /// Where it is.
    pub status: Status,
    /// The trace that it is part of, as a W3C `traceparent`.
    pub trace: Option<Arc<str>>,
    /// When it was accepted.
    pub submitted: Timestamp,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// Its tasks, in the order of the plan; a step that cannot begin yet is one that waits.
    pub tasks: Vec<TaskStatus>,
    /// Why it failed.
    pub error: Option<FailedStep>,
}

/// Where a task is; see [`RunStatus`].
#[derive(Clone, Debug, PartialEq)]
pub struct TaskStatus {
    /// The name of its step; `timer` for a [timer](crate::Node::after).
    pub step: String,
    /// Which item of an `each`, from 0; 0 for a step that stands alone.
    pub item: u32,
    /// Where it is.
    pub state: TaskState,
    /// While it is queued for a moment, as a timer or for its next attempt: which moment that is.
    pub due: Option<Timestamp>,
    /// The pass that it was last tried in, if it was, by the place of its first step in the plan: the tasks of a run that
    /// have one number here are, or were, tried in one go.
    pub pass: Option<u16>,
    /// The worker that tries it, while one does.
    pub worker: Option<WorkerId>,
    /// The number of its latest attempt; 0 before the first.
    pub attempt: u32,
    /// How far the latest attempt is, from 0 to 1.
    pub fraction: f64,
    /// What the latest attempt said last.
    pub message: String,
    /// When the latest attempt began.
    pub started: Option<Timestamp>,
    /// When the latest attempt ended.
    pub finished: Option<Timestamp>,
    /// Why the latest attempt that failed did: the messages of the error and of all its causes, outermost first.
    pub error: Vec<String>,
    /// Its output, as JSON, when it is ready; none of a step that was done inside a pass.
    pub output: Option<Arc<str>>,
    /// Whether its output was [taken](crate::Reuse) from what another task had made, so that no step has run for it.
    pub reused: bool,
}

/// Where a task is.
///
/// ```
/// assert_eq!(stagemark::TaskState::Leased.to_string(), "leased");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TaskState {
    /// What it needs is not there yet.
    Waiting,
    /// It waits for a worker, for its backoff to pass, or for its moment.
    Queued,
    /// A worker tries it.
    Leased,
    /// Its output is committed.
    Ready,
    /// It will not be tried again.
    Failed,
    /// Its run ended before it did.
    Cancelled,
}

impl fmt::Display for TaskState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Waiting => "waiting",
            Self::Queued => "queued",
            Self::Leased => "leased",
            Self::Ready => "ready",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        })
    }
}

/// Which attempt made a run fail, and why.
///
/// ```
/// fn show(failed: &stagemark::FailedStep) -> String {
///     format!("{} gave up at attempt {}: {failed}", failed.step, failed.attempt)
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedStep {
    /// The name of the step.
    pub step: String,
    /// Which item of an `each`, from 0; 0 for a step that stands alone.
    pub item: u32,
    /// The number of the attempt.
    pub attempt: u32,
    /// The messages of the error and of all its causes, outermost first.
    pub chain: Vec<String>,
}

impl fmt::Display for FailedStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "step {} failed at attempt {}: {}", self.step, self.attempt, self.chain.join(": "))
    }
}

impl FailedStep {
    pub(crate) fn parse(error: &str) -> Self {
        match serde_json::from_str(error) {
            Ok(RunFailure { step, item, attempt, chain }) => Self { step, item, attempt, chain },
            Err(_) => Self { step: String::new(), item: 0, attempt: 0, chain: vec![error.to_owned()] },
        }
    }
}

impl RunStatus {
    /// From what is stored, and what is heard here.
    pub(crate) fn of(driver: &Driver, plan: Option<Arc<Plan>>, record: &Record) -> Self {
        let Record { id: run, version, status, submitted, ended, .. } = *record;
        let (workflow, trace) = (Arc::clone(&record.workflow), record.trace.clone());
        let error = record.error.as_deref().map(FailedStep::parse);
        let view = |plan| View { driver, record, ledger: &Ledger::of(plan, record.clone()) }.tasks();
        let tasks = plan.map(view).unwrap_or_default();
        Self { run, workflow, version, status, trace, submitted, ended, tasks, error }
    }
}

struct View<'a> {
    driver: &'a Driver,
    record: &'a Record,
    ledger: &'a Ledger,
}

impl View<'_> {
    fn tasks(&self) -> Vec<TaskStatus> {
        let (run, shape) = (&self.ledger.run, &self.ledger.plan.shape);
        let mut all = Vec::new();
        for (number, node) in (0..).zip(shape.nodes()) {
            if matches!(node.kind, Kind::Input | Kind::Join) {
                continue;
            }
            let opened = run.of_node(number);
            if opened.is_empty() && !(node.kind == Kind::Each && run.status == Status::Ready) {
                all.push(self.task(run, TaskId::of(number)));
            }
            all.extend(opened.iter().map(|(id, _)| self.task(run, *id)));
        }
        all
    }

    fn task(&self, run: &State, id: TaskId) -> TaskStatus {
        let step = self.ledger.plan.shape.nodes()[usize::from(id.node)].name.clone();
        let attempt = run.task(id).map_or(0, |task| task.attempt);
        let state = state(run, id);
        let (fraction, message) = self.reported(id, attempt, state);
        let marker = self.record.markers.iter().find(|marker| marker.id == id);
        TaskStatus {
            step,
            item: id.item,
            state,
            due: due(run, id),
            pass: pass(run, id),
            worker: worker(run, id),
            attempt,
            fraction,
            message,
            started: marker.and_then(|marker| marker.started),
            finished: marker.and_then(|marker| marker.finished),
            error: marker.and_then(|marker| serde_json::from_str(marker.error.as_deref()?).ok()).unwrap_or_default(),
            output: marker.and_then(|marker| marker.output.clone()),
            reused: marker.is_some_and(|marker| marker.reused),
        }
    }

    /// What the latest attempt reported: as it was heard here, or else as it was stored.
    fn reported(&self, id: TaskId, attempt: u32, state: TaskState) -> (f64, String) {
        let stored = || self.record.beats.iter().find(|beat| beat.id == id && beat.attempt == attempt);
        let (fraction, message) = match self.driver.heard(self.record.id, id, attempt) {
            Some(heard) => (heard.fraction, heard.message.to_string()),
            None => stored().map_or((0.0, String::new()), |beat| (beat.fraction, beat.message.to_string())),
        };
        (if state == TaskState::Ready { 1.0 } else { fraction }, message)
    }
}

fn due(run: &State, id: TaskId) -> Option<Timestamp> {
    match run.task(id)?.phase {
        Phase::Queued { due } => Some(due).filter(|due| due.0 > 0),
        _ => None,
    }
}

fn pass(run: &State, id: TaskId) -> Option<u16> {
    match run.task(id)?.fusion {
        Fusion::Pass(first) => Some(first),
        Fusion::Free | Fusion::Alone => None,
    }
}

fn worker(run: &State, id: TaskId) -> Option<WorkerId> {
    match run.task(id)?.phase {
        Phase::Leased { worker } => Some(worker),
        _ => None,
    }
}

fn state(run: &State, id: TaskId) -> TaskState {
    match run.task(id).map(|task| task.phase) {
        None if run.status.has_ended() => TaskState::Cancelled,
        None | Some(Phase::Waiting) => TaskState::Waiting,
        Some(Phase::Queued { .. }) => TaskState::Queued,
        Some(Phase::Leased { .. }) => TaskState::Leased,
        Some(Phase::Done { .. }) => TaskState::Ready,
        Some(Phase::Dead) => TaskState::Failed,
        Some(Phase::Dropped) => TaskState::Cancelled,
    }
}
