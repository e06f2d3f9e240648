//! The port to where runs are kept.

use async_trait::async_trait;

use super::{
    Census, Claim, Claimed, Filter, Heartbeats, History, Outbox, Outcome, Record, Renewed, Results, Schedules, Summary,
    Write,
};
use crate::RunId;

/// Keeps runs, their markers and the queue. It stores and finds; it never computes a state.
///
/// The contract, each clause of which is a case of the conformance suite:
/// - [`write`](Self::write) is one transaction: when it returns `Ok`, every accepted write is durable; when it
///   returns `Err`, none is, or (after a lost connection) the caller must [`load`](Self::load) to know.
/// - A [`Change`](super::Change) is accepted if, and only if, the run's revision is the one it names, no marker it writes is older
///   (by attempt) than the one it replaces, and none that it replaces is done: what is done stays. A refused
///   write leaves nothing, and does not hurt its neighbours.
/// - Of several submissions of a workflow with one key, one is accepted and the others get its run, whatever the
///   version; a submission with the id of another run is refused.
/// - A [companion](super::Change::companions) writes in the transaction of its change, or neither is written; one that fails
///   takes its own change with it and no other. So it is with its [results](super::Change::results); see [`Results`].
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
/// let task = Task { phase: Phase::Done { width: None }, attempt: 1, ..Task::NEW };
/// let output = Some("42".into());
/// let (started, finished) = (Some(now), Some(now));
/// let marker = Marker { id: TaskId::of(1), task, started, finished, output, error: None, reused: false };
/// let (queue, outbox) = (vec![], vec![]);
/// let row = RunRow { status: Status::Ready, holder: None, queue, outbox, error: None, ended: Some(now) };
/// let revision = record.revision;
/// let (markers, companions, results) = (vec![marker], vec![], vec![]);
/// let change = Change { run, revision, row: Some(row), markers, companions, results };
/// assert_eq!(store.write(&[Write::Change(change.clone())]).await?, [Outcome::Accepted]);
/// assert_eq!(store.write(&[Write::Change(change)]).await?, [Outcome::Refused], "its revision is not the latest");
/// # Ok(()) }
/// ```
#[async_trait]
pub trait Store: Census + History + Outbox + Results + Schedules + Send + Sync + std::fmt::Debug + 'static {
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
    /// The connection cannot be encrypted as it must be, or the database's certificate is not trusted.
    #[error(
        "no connection that can be trusted was made; check that the database's certificate is for this host, and of an \
         authority that is trusted here"
    )]
    Untrusted,
    /// What is stored cannot be read by this version.
    #[error("what is stored cannot be read; a newer version may have written it")]
    Unreadable,
    /// Something else.
    #[error("the database failed")]
    Other,
}
