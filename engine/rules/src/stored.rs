//! What need not be stored, because it follows from what is.
//!
//! A run that goes from step to step in the hands of one worker, its *holder*, costs one row a step: the marker of
//! the step that is done. That the holder has leased the next step follows. It is written only where something else
//! is true: another worker, a second attempt, a wait.

use crate::{Kind, Phase, Run, Shape, Status, Task, TaskId, WorkerId};

/// The state of an open task that has no row of its own.
///
/// A single step of a run that has a holder is leased to it, for the first time; all else is queued.
pub fn implied(shape: &Shape, task: TaskId, holder: Option<WorkerId>) -> Task {
    match (holder, shape.node(task.node).map(|node| node.kind)) {
        (Some(worker), Some(Kind::Step)) => Task { phase: Phase::Leased { worker }, attempt: 1, released: 0 },
        _ => Task::NEW,
    }
}

/// A run from what was stored of it: the tasks that have rows, in order, and its holder.
pub fn restore(
    shape: &Shape,
    status: Status,
    width: Option<u32>,
    stored: Vec<(TaskId, Task)>,
    holder: Option<WorkerId>,
) -> Run {
    let mut run = Run { status, width, tasks: stored };
    if !status.has_ended() {
        run.open(shape, |task| implied(shape, task, holder));
    }
    run
}
