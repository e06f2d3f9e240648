//! The port to where runs are kept.

use std::sync::Arc;

use async_trait::async_trait;
use stagemark_rules::{Status, Task, TaskId, Timestamp, WorkerId};

use super::{Census, Companion, Hint, Outbox};
use crate::{Priority, RunId};

/// Keeps runs, their markers and the queue. It stores and finds; it never computes a state.
///
/// The contract, each clause of which is a case of the conformance suite:
/// - [`write`](Self::write) is one transaction: when it returns `Ok`, every accepted write is durable; when it
///   returns `Err`, none is, or (after a lost connection) the caller must [`load`](Self::load) to know.
/// - A [`Change`] is accepted if, and only if, the run's revision is the one it names, no marker it writes is older
///   (by attempt) than the one it replaces, and none that it replaces is done: what is done stays. A refused
///   write leaves nothing, and does not hurt its neighbours.
/// - Of several submissions of a workflow with one key, one is accepted and the others get its run, whatever the
///   version; a submission with the id of another run is refused.
/// - A [companion](Change::companions) writes in the transaction of its change, or neither is written; one that fails
///   takes its own change with it and no other.
/// - What [`claim`](Self::claim) hands out for the queue is not handed out again before the reservation ends.
/// - A run whose holder, or whose task's worker, was not heard of until its lease ended is claimed as lapsed. A worker
///   that was never heard of has no lease; a lease holds until its last moment, that one included.
/// - There is one clock, the store's: [`Renewed::now`] tells it, and all moments that workers name are by it.
///
/// Who wants to keep runs elsewhere implements this and has it checked by the suite of `stagemark-conformance`. How the
/// types go together:
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use stagemark::{MemoryStore, Priority, RunId, Status, Timestamp, WorkerId};
/// use stagemark::ports::{Change, Claim, Marker, NewRun, Outcome, Phase, QueueEntry, RunRow, Served, Store, Task, TaskId, Write};
///
/// let (store, run, worker, now) = (MemoryStore::new(), RunId::new(), WorkerId(1), Timestamp(1_000));
/// let submitted = NewRun {
///     id: run,
///     workflow: "double".into(),
///     version: 1,
///     key: Some("first".to_owned()),
///     input: "21".into(),
///     width: None,
///     priority: Priority::Normal,
///     trace: None,
///     submitted: now,
///     status: Status::Queued,
///     holder: None,
///     queue: vec![QueueEntry { node: 0, due: now }],
///     outbox: vec![],
/// };
/// assert_eq!(store.write(&[Write::Submit(submitted)]).await?, [Outcome::Accepted]);
///
/// let served = vec![Served { workflow: "double".into(), version: 1, node: 0, room: 1 }];
/// let claim = Claim { worker, now, reserved: Timestamp(2_000), served, hinted: vec![], lapsed: 0 };
/// let record = store.claim(&claim).await?.runs.remove(0);
///
/// let task = Task { phase: Phase::Done { width: None }, attempt: 1, released: 0 };
/// let output = Some("42".into());
/// let marker = Marker { id: TaskId::of(1), task, started: Some(now), finished: Some(now), output, error: None };
/// let (queue, outbox) = (vec![], vec![]);
/// let row = RunRow { status: Status::Ready, holder: None, queue, outbox, error: None, ended: Some(now) };
/// let revision = record.revision;
/// let change = Change { run, revision, row: Some(row), markers: vec![marker], companions: vec![] };
/// assert_eq!(store.write(&[Write::Change(change.clone())]).await?, [Outcome::Accepted]);
/// assert_eq!(store.write(&[Write::Change(change)]).await?, [Outcome::Refused], "its revision is not the latest");
/// # Ok(()) }
/// ```
#[async_trait]
pub trait Store: Census + Outbox + Send + Sync + std::fmt::Debug + 'static {
    /// Commits submissions and changes, in one transaction; gives an outcome for each, in order. At most one write
    /// of a batch names a given run.
    async fn write(&self, writes: &[Write]) -> Result<Vec<Outcome>, StoreError>;

    /// Finds runs that a worker should look at, each once: due ones from the queue, the places that were due first
    /// before others of their priority, and lapsed ones of the workflows and versions that are served, whether or not
    /// there is room.
    async fn claim(&self, claim: &Claim) -> Result<Claimed, StoreError>;

    /// Reads runs whole; those that do not exist are not in the answer.
    async fn load(&self, runs: &[RunId]) -> Result<Vec<Record>, StoreError>;

    /// Renews a worker's lease, stores what was heard from its attempts, and tells which of the runs it watches have
    /// ended or do not exist. What an earlier attempt reports is dropped, and so is what is about no run.
    async fn heartbeat(&self, beats: &Heartbeats) -> Result<Renewed, StoreError>;

    /// Lists runs in the order of their ids, oldest first, without their payloads.
    async fn list(&self, filter: &Filter) -> Result<Vec<Summary>, StoreError>;

    /// Gives the graph of a version of a workflow; where there is none, keeps the one that is proposed, if one is.
    async fn graph(&self, workflow: &str, version: u32, proposed: Option<&str>) -> Result<Option<String>, StoreError>;
}

/// One write of a batch.
#[derive(Clone, Debug)]
pub enum Write {
    /// A run that did not exist.
    Submit(NewRun),
    /// The next state of a run that does.
    Change(Change),
}

/// A run to be created, at revision 0.
#[derive(Clone, Debug)]
pub struct NewRun {
    /// Its id.
    pub id: RunId,
    /// The name of its workflow.
    pub workflow: Arc<str>,
    /// The version it is pinned to.
    pub version: u32,
    /// The caller's idempotency key.
    pub key: Option<String>,
    /// Its input, as JSON.
    pub input: Arc<str>,
    /// How many items its input has, where an `each` maps over it, if the submitter knows.
    pub width: Option<u32>,
    /// Which runs it goes before in the queue.
    pub priority: Priority,
    /// The trace that it is part of, as a W3C `traceparent`.
    pub trace: Option<Arc<str>>,
    /// When it was accepted.
    pub submitted: Timestamp,
    /// Its status: queued, or running where the submitter holds it.
    pub status: Status,
    /// The worker that holds it from the start, if one does.
    pub holder: Option<WorkerId>,
    /// Its places in the queue; empty where it is held.
    pub queue: Vec<QueueEntry>,
    /// What a broker is to be told once it is committed.
    pub outbox: Vec<Hint>,
}

/// The next state of a run, on condition of its revision.
#[derive(Clone, Debug)]
pub struct Change {
    /// Which run.
    pub run: RunId,
    /// The revision that the change was decided on.
    pub revision: u64,
    /// The run's own row, if it changes. Then the revision grows by one and the queue is replaced.
    ///
    /// Without it the revision stays: only the holder may write so, and nobody else writes while there is one.
    pub row: Option<RunRow>,
    /// The markers that are new or have changed.
    pub markers: Vec<Marker>,
    /// What the steps of these markers write in the same transaction.
    pub companions: Vec<(TaskId, Arc<dyn Companion>)>,
}

/// What may change in the row of a run.
#[derive(Clone, Debug)]
pub struct RunRow {
    /// Its status.
    pub status: Status,
    /// Who holds it.
    pub holder: Option<WorkerId>,
    /// Its places in the queue.
    pub queue: Vec<QueueEntry>,
    /// What a broker is to be told once it is committed.
    pub outbox: Vec<Hint>,
    /// Why it failed, as JSON.
    pub error: Option<Arc<str>>,
    /// When it ended.
    pub ended: Option<Timestamp>,
}

/// A place in the queue: a run has something to do at a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueEntry {
    /// The node; 0 is the input: the run has not begun.
    pub node: u16,
    /// Not before.
    pub due: Timestamp,
}

/// The stage marker of one task.
#[derive(Clone, Debug, PartialEq)]
pub struct Marker {
    /// Which task.
    pub id: TaskId,
    /// Its state.
    pub task: Task,
    /// When the latest attempt began.
    pub started: Option<Timestamp>,
    /// When the latest attempt ended.
    pub finished: Option<Timestamp>,
    /// Its output, as JSON, when it is done.
    pub output: Option<Arc<str>>,
    /// Why the latest failed attempt failed, outermost message first, as a JSON list.
    pub error: Option<Arc<str>>,
}

/// What became of a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is durable.
    Accepted,
    /// Another write came first; load the run and decide again.
    Refused,
    /// The key of the submission already has a run.
    Existing(Submitted),
    /// What the step of this task wanted to write in the same transaction failed: nothing of the change was written.
    Spoiled {
        /// Whose companion failed.
        task: TaskId,
        /// Whether trying again is pointless.
        permanent: bool,
        /// Why: the messages of the error and of all its causes, outermost first.
        chain: Vec<String>,
    },
}

/// The run that came first with a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submitted {
    /// The run.
    pub id: RunId,
    /// What it was submitted with, as JSON.
    pub input: Arc<str>,
}

/// A run as it is stored.
#[derive(Clone, Debug)]
pub struct Record {
    /// What it was submitted as.
    pub id: RunId,
    /// The name of its workflow.
    pub workflow: Arc<str>,
    /// The version it is pinned to.
    pub version: u32,
    /// Its input, as JSON.
    pub input: Arc<str>,
    /// How many items its input has, where an `each` maps over it.
    pub width: Option<u32>,
    /// Which runs it goes before in the queue.
    pub priority: Priority,
    /// The trace that it is part of, as a W3C `traceparent`.
    pub trace: Option<Arc<str>>,
    /// Its status.
    pub status: Status,
    /// How often its row has changed.
    pub revision: u64,
    /// Who holds it.
    pub holder: Option<WorkerId>,
    /// Why it failed, as JSON.
    pub error: Option<Arc<str>>,
    /// When it was accepted.
    pub submitted: Timestamp,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// Its markers, in the order of their tasks.
    pub markers: Vec<Marker>,
    /// What was last heard from its attempts.
    pub beats: Vec<HeldBeat>,
}

/// What a worker asks for.
#[derive(Clone, Debug)]
pub struct Claim {
    /// Who asks; runs that it holds itself are not lapsed for it.
    pub worker: WorkerId,
    /// What time it is.
    pub now: Timestamp,
    /// Until when what is handed out is reserved.
    pub reserved: Timestamp,
    /// What it serves, and how many runs it has room for at each node.
    pub served: Vec<Served>,
    /// The runs that hints named: where there are any, no others are taken from the queue.
    pub hinted: Vec<RunId>,
    /// How many lapsed runs to look for at most.
    pub lapsed: u32,
}

/// One node of a workflow that a worker serves.
#[derive(Clone, Debug)]
pub struct Served {
    /// The name of the workflow.
    pub workflow: Arc<str>,
    /// Its version.
    pub version: u32,
    /// The node; 0 is the input: runs that have not begun.
    pub node: u16,
    /// How many runs there is room for.
    pub room: u32,
}

/// What a worker is handed.
#[derive(Clone, Debug, Default)]
pub struct Claimed {
    /// The runs, at most as many as there is room for.
    pub runs: Vec<Record>,
    /// Workers whose leases have lapsed: what they hold of these runs is expired.
    pub lapsed: Vec<WorkerId>,
    /// When the next place after now is due where the worker serves and has room, those reserved here included.
    pub next_due: Option<Timestamp>,
}

/// A sign of life of a worker, with what its attempts reported.
#[derive(Clone, Debug)]
pub struct Heartbeats {
    /// Who lives.
    pub worker: WorkerId,
    /// What time it is.
    pub now: Timestamp,
    /// Until when its leases hold now; before `now` ends them.
    pub until: Timestamp,
    /// What was heard.
    pub beats: Vec<(RunId, HeldBeat)>,
    /// The runs that it works on, to learn which of them others have ended.
    pub watching: Vec<RunId>,
}

/// What was last heard from the attempts of a task.
#[derive(Clone, Debug, PartialEq)]
pub struct HeldBeat {
    /// Which task.
    pub id: TaskId,
    /// Which attempt.
    pub attempt: u32,
    /// How far it is, from 0 to 1.
    pub fraction: f64,
    /// What it does.
    pub message: Arc<str>,
    /// What it keeps for the next attempt, as JSON.
    pub details: Option<Arc<str>>,
}

/// The answer to a sign of life.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Renewed {
    /// Those of the watched runs that have ended.
    pub ended: Vec<RunId>,
    /// What time it is for the store.
    pub now: Timestamp,
}

/// Which runs to list.
#[derive(Clone, Debug)]
pub struct Filter {
    /// Whether those that have ended are listed too.
    pub ended: bool,
    /// What time it is, to tell lapsed leases.
    pub now: Timestamp,
    /// At most so many.
    pub limit: u32,
}

/// A run without its payloads, and what explains that it has not ended.
#[derive(Clone, Debug)]
pub struct Summary {
    /// Which run.
    pub id: RunId,
    /// The name of its workflow.
    pub workflow: Arc<str>,
    /// Its version.
    pub version: u32,
    /// Its status.
    pub status: Status,
    /// Who holds it.
    pub holder: Option<WorkerId>,
    /// Workers whose leases hold now and that hold it or try a task of it.
    pub leases: u32,
    /// Its places in the queue.
    pub queued: u32,
}

/// Why the store could not do what was asked.
///
/// ```
/// use stagemark::ports::{StoreError, StoreErrorKind};
///
/// let full = StoreError { doing: "committing runs", kind: StoreErrorKind::Full, source: None };
/// assert!(full.to_string().starts_with("committing runs: the disk is full"));
/// ```
#[derive(Debug, thiserror::Error)]
#[error("{doing}: {kind}")]
pub struct StoreError {
    /// What was being done.
    pub doing: &'static str,
    /// How to react.
    pub kind: StoreErrorKind,
    /// What the database said.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// How to react when a store fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// Another process holds the database's lock; try again later.
    #[error("the database is locked by another process; it is tried again, and if it stays so, end that process")]
    Locked,
    /// The disk is full; try again when there is room.
    #[error("the disk is full; make room, the work goes on by itself")]
    Full,
    /// The database may not be written.
    #[error("the database is read-only; give this process the right to write the file and its folder")]
    ReadOnly,
    /// The database could not be opened or reached.
    #[error("the database cannot be reached; check that it runs, and that its address (or folder) is right")]
    Unreachable,
    /// The database does not let this user in, or not do this.
    #[error("the database refuses this user; check the name, the password and the rights of the role")]
    Denied,
    /// What is stored cannot be read by this version.
    #[error("what is stored cannot be read; a newer version may have written it")]
    Unreadable,
    /// Something else.
    #[error("the database failed")]
    Other,
}
