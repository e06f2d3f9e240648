//! Runs as the player of the video sees them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::Moment;

/// Where a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RunStatus {
    /// Accepted.
    Queued,
    /// Under way.
    Running,
    /// Done.
    Ready,
    /// Given up.
    Failed,
    /// Told to stop.
    Cancelled,
}

/// Where a stage of a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum StageState {
    /// What it needs is not there yet.
    Waiting,
    /// It waits for a worker.
    Queued,
    /// A worker is at it.
    Running,
    /// Done.
    Ready,
    /// Given up.
    Failed,
    /// The run was told to stop before it was done.
    Cancelled,
}

/// A run and its stages.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RunView {
    /// Which run.
    pub run: Uuid,
    /// Where it is.
    pub status: RunStatus,
    /// How much of it is done.
    #[schema(minimum = 0, maximum = 100)]
    pub percent: u8,
    /// Its stages, in order.
    pub stages: Vec<Stage>,
    /// Why it failed, in a sentence.
    #[schema(required)]
    pub reason: Option<String>,
    /// When it was accepted.
    pub submitted_at: Moment,
    /// When it ended.
    #[schema(required)]
    pub ended_at: Option<Moment>,
}

/// A stage of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Stage {
    /// Its step.
    pub name: String,
    /// What it does, in words.
    pub title: String,
    /// Where it is.
    pub state: StageState,
    /// How much of it is done.
    #[schema(minimum = 0, maximum = 100)]
    pub percent: u8,
    /// How often it was begun.
    pub attempt: u32,
    /// Stages with the same number are, or were, done in one go.
    #[schema(required)]
    pub pass: Option<u16>,
    /// What it says.
    #[schema(required)]
    pub message: Option<String>,
    /// When its latest attempt began.
    #[schema(required)]
    pub started_at: Option<Moment>,
    /// When its latest attempt ended.
    #[schema(required)]
    pub finished_at: Option<Moment>,
    /// Whether its result was there already.
    pub reused: bool,
}

/// An event of a run that is followed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RunEvent {
    /// Which one it is.
    pub event: RunEventKind,
    /// What to send as `Last-Event-ID`, so that what was seen is not told again.
    pub id: String,
    /// Where the run is: a `RunView`, in JSON.
    #[schema(content_media_type = "application/json")]
    pub data: String,
    /// After how many milliseconds to come again, should the line break.
    pub retry: u64,
}

/// What an event of a run tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunEventKind {
    /// The run has gone on.
    Status,
    /// It has ended; this is the last event.
    End,
}

/// All runs of a video, the latest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct History {
    /// The runs.
    pub runs: Vec<HistoryRun>,
}

/// One of the runs of a video.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct HistoryRun {
    /// Which run.
    pub run: Uuid,
    /// Which of them, from 1.
    pub n: u32,
    /// Where it is.
    pub status: RunStatus,
    /// When it was accepted.
    pub submitted_at: Moment,
    /// When it ended.
    #[schema(required)]
    pub ended_at: Option<Moment>,
    /// Why it failed, in a sentence.
    #[schema(required)]
    pub reason: Option<String>,
    /// Its stages, in order.
    pub stages: Vec<HistoryStage>,
}

/// What became of a stage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct HistoryStage {
    /// Its step.
    pub name: String,
    /// What it does, in words.
    pub title: String,
    /// Where it is.
    pub state: StageState,
    /// How often it was begun.
    pub attempts: u32,
    /// When its latest attempt began.
    #[schema(required)]
    pub started_at: Option<Moment>,
    /// When its latest attempt ended.
    #[schema(required)]
    pub finished_at: Option<Moment>,
    /// What went wrong with it last, in a sentence.
    #[schema(required)]
    pub reason: Option<String>,
}
