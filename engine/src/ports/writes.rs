//! What a store is given to write, and what became of it.

use std::sync::Arc;

use stagemark_rules::{Status, Task, TaskId, Timestamp, WorkerId};

use super::{Companion, Hint, KeptResult};
use crate::{Priority, RunId};

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
    /// What is kept of what these markers tell, for runs that want the same.
    pub results: Vec<KeptResult>,
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
    /// Its output, as JSON, when it is done; none of a task in the middle of a pass, whose output nobody reads.
    pub output: Option<Arc<str>>,
    /// Why the latest failed attempt failed, outermost message first, as a JSON list.
    pub error: Option<Arc<str>>,
    /// Whether its output was taken from what is kept: no step has run for it.
    pub reused: bool,
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
