//! What need not be stored, because it follows from what is.
//!
//! A run that goes from step to step in the hands of one worker, its *holder*, costs one row a step: the marker of
//! the step that is done. That the holder has leased the next step follows. It is written only where something else
//! is true: another worker, a second attempt, a wait.

use crate::{Kind, Phase, Run, Shape, Status, Task, TaskId, WorkerId};

/// The state of an open task that has no row of its own.
///
/// A single step of a run that has a holder is leased to it, for the first time; all else is queued.
///
/// ```
/// use stagemark_rules::{Phase, Policy, Shape, Task, TaskId, WorkerId, implied};
///
/// let mut shape = Shape::new();
/// let trim = TaskId::of(shape.step("trim", 0, Policy::default()));
/// assert_eq!(implied(&shape, trim, None), Task::NEW);
/// assert_eq!(implied(&shape, trim, Some(WorkerId(7))).phase, Phase::Leased { worker: WorkerId(7) });
/// ```
pub fn implied(shape: &Shape, task: TaskId, holder: Option<WorkerId>) -> Task {
    match (holder, shape.node(task.node).map(|node| node.kind)) {
        (Some(worker), Some(Kind::Step)) => Task { phase: Phase::Leased { worker }, attempt: 1, released: 0 },
        _ => Task::NEW,
    }
}

/// A run from what was stored of it: the tasks that have rows, in order, and its holder.
///
/// ```
/// use stagemark_rules::{Policy, Shape, Status, WorkerId, restore};
///
/// let mut shape = Shape::new();
/// shape.step("trim", 0, Policy::default());
/// let run = restore(&shape, Status::Running, None, vec![], Some(WorkerId(7)));
/// assert_eq!(run.leased().count(), 1);
/// ```
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
