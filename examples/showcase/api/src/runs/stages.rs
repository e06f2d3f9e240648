//! The stages of a run, as its player sees them.

use stagemark::{RunStatus as EngineStatus, Status, TaskState, TaskStatus, Timestamp};
use stagemark_contest_contract::{HistoryRun, HistoryStage, Moment, RunStatus, RunView, Stage, StageState, VideoState};

use super::reasons::{message, reason};

/// What each step does, in words, and how much of the work it is.
const STEPS: &[(&str, &str, f64)] = &[
    ("admit", "Checking the upload", 1.0),
    ("probe", "Reading the video", 2.0),
    ("trim", "Cutting to 30 seconds", 10.0),
    ("edit", "Scaling to 720p", 20.0),
    ("remove-audio", "Removing the sound", 4.0),
    ("watermark", "Adding the logo", 20.0),
    ("gossip", "Adding intro and outro", 12.0),
    ("finish", "Finishing the file", 6.0),
    ("poster", "Taking the poster", 3.0),
    ("sprites", "Drawing the seek bar", 8.0),
    ("preview", "Cutting the preview", 8.0),
    ("publish", "Publishing", 2.0),
    ("refresh", "Updating boards and lists", 2.0),
];

/// A run as its player sees it.
pub(crate) fn view(status: &EngineStatus) -> RunView {
    RunView {
        run: status.run.uuid(),
        status: run_status(status.status),
        percent: percent(status),
        stages: status.tasks.iter().map(stage).collect(),
        reason: why(status),
        submitted_at: moment(status.submitted),
        ended_at: status.ended.map(moment),
    }
}

/// The same as part of a video's history.
pub(crate) fn past(n: u32, status: &EngineStatus) -> HistoryRun {
    HistoryRun {
        run: status.run.uuid(),
        n,
        status: run_status(status.status),
        submitted_at: moment(status.submitted),
        ended_at: status.ended.map(moment),
        reason: why(status),
        stages: status.tasks.iter().map(past_stage).collect(),
    }
}

/// Where a video is whose run is this. That it is ready its own row says: what is to be watched is written there.
pub(crate) fn video_state(status: Status) -> VideoState {
    match status {
        Status::Queued => VideoState::Queued,
        Status::Running | Status::Ready => VideoState::Running,
        Status::Failed => VideoState::Failed,
        Status::Cancelled => VideoState::Cancelled,
    }
}

pub(crate) fn run_status(status: Status) -> RunStatus {
    match status {
        Status::Queued => RunStatus::Queued,
        Status::Running => RunStatus::Running,
        Status::Ready => RunStatus::Ready,
        Status::Failed => RunStatus::Failed,
        Status::Cancelled => RunStatus::Cancelled,
    }
}

fn why(status: &EngineStatus) -> Option<String> {
    (status.status == Status::Failed)
        .then(|| reason(status.error.as_ref().map(|error| error.chain.as_slice()).unwrap_or_default()))
}

fn stage(task: &TaskStatus) -> Stage {
    Stage {
        name: task.step.clone(),
        title: title(&task.step),
        state: stage_state(task.state),
        percent: whole(task.fraction),
        attempt: task.attempt,
        pass: task.pass,
        message: message(&task.message),
        started_at: task.started.map(moment),
        finished_at: task.finished.map(moment),
        reused: task.reused,
    }
}

fn past_stage(task: &TaskStatus) -> HistoryStage {
    HistoryStage {
        name: task.step.clone(),
        title: title(&task.step),
        state: stage_state(task.state),
        attempts: task.attempt,
        started_at: task.started.map(moment),
        finished_at: task.finished.map(moment),
        reason: (!task.error.is_empty()).then(|| reason(&task.error)),
    }
}

pub(crate) fn stage_state(state: TaskState) -> StageState {
    match state {
        TaskState::Queued => StageState::Queued,
        TaskState::Leased => StageState::Running,
        TaskState::Ready => StageState::Ready,
        TaskState::Failed => StageState::Failed,
        TaskState::Cancelled => StageState::Cancelled,
        // What a later engine adds is not under way.
        _ => StageState::Waiting,
    }
}

/// What a step does; one that is not known is named as it names itself.
fn title(step: &str) -> String {
    STEPS.iter().find(|(name, ..)| *name == step).map_or_else(|| step.to_owned(), |(_, title, _)| (*title).to_owned())
}

fn weight(step: &str) -> f64 {
    STEPS.iter().find(|(name, ..)| *name == step).map_or(1.0, |(.., weight)| *weight)
}

/// How much of a run is done, by the weight of its stages; all of it only when it is ready.
fn percent(status: &EngineStatus) -> u8 {
    if status.status == Status::Ready {
        return 100;
    }
    let all: f64 = status.tasks.iter().map(|task| weight(&task.step)).sum();
    let done: f64 = status.tasks.iter().map(|task| weight(&task.step) * task.fraction.clamp(0.0, 1.0)).sum();
    if all > 0.0 { whole(done / all).min(99) } else { 0 }
}

fn whole(fraction: f64) -> u8 {
    let percent = (fraction * 100.0).clamp(0.0, 100.0);
    // In whole hundredths, which a byte holds.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is from 0 to 100")]
    let percent = percent as u8;
    percent
}

pub(crate) fn moment(time: Timestamp) -> Moment {
    Moment(i64::try_from(time.0).unwrap_or(i64::MAX))
}
