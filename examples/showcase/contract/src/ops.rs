//! What operators see and order.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{Moment, RunStatus, StageState};

/// Which part of the cache is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CacheScope {
    /// The boards.
    Rankings,
    /// The lists of videos.
    Lists,
    /// All of it.
    All,
}

/// Which part of the cache is to be filled or emptied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CacheOrder {
    /// Which part.
    pub scope: CacheScope,
}

/// How much there is to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Counts {
    /// The runs that have not ended.
    pub runs: RunCounts,
    /// How many tasks could begin now.
    pub due: u64,
    /// Those by workflow.
    pub queues: Vec<QueueCount>,
}

/// The runs that have not ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RunCounts {
    /// Accepted.
    pub queued: u64,
    /// Under way.
    pub running: u64,
}

/// How many tasks of a workflow could begin now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct QueueCount {
    /// Of which workflow.
    pub workflow: String,
    /// How many.
    pub count: u64,
}

/// A run in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OpsRun {
    /// Which run.
    pub run: Uuid,
    /// Of which workflow.
    pub workflow: String,
    /// Where it is.
    pub status: RunStatus,
    /// When it was accepted.
    pub submitted_at: Moment,
    /// When it ended.
    #[schema(required)]
    pub ended_at: Option<Moment>,
}

/// A run with its timeline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct OpsRunDetail {
    /// As in a list.
    #[serde(flatten)]
    pub run: OpsRun,
    /// Why it failed: the messages of the error and of all its causes.
    pub error: Vec<String>,
    /// The id of the trace that it is part of, by which it is found in the logs of all hosts.
    #[schema(required)]
    pub trace: Option<String>,
    /// Its tasks, in the order of the plan.
    pub tasks: Vec<OpsTask>,
}

/// A task of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct OpsTask {
    /// Its step.
    pub step: String,
    /// Which item of an `each`.
    pub item: u32,
    /// Where it is.
    pub state: StageState,
    /// The pass that it was tried in.
    #[schema(required)]
    pub pass: Option<u16>,
    /// The worker that tries it.
    #[schema(required)]
    pub worker: Option<String>,
    /// Whether its result was there already.
    pub reused: bool,
    /// Its latest attempt, if there was one.
    #[schema(required)]
    pub attempt: Option<OpsAttempt>,
}

/// An attempt at a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OpsAttempt {
    /// Its number, from 1.
    pub number: u32,
    /// When it began.
    #[schema(required)]
    pub started_at: Option<Moment>,
    /// When it ended.
    #[schema(required)]
    pub finished_at: Option<Moment>,
    /// The messages of its error and of all causes.
    pub error: Vec<String>,
}

/// A run that was submitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RunRef {
    /// Which run.
    pub run: Uuid,
}
