//! What a store is asked, and what it answers.

use std::sync::Arc;

use stagemark_rules::{Status, TaskId, Timestamp, WorkerId};

use super::Marker;
use crate::{Priority, RunId};

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
