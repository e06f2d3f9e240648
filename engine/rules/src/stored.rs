//! What need not be stored, because it follows from what is.
//!
//! A run that goes from step to step in the hands of one worker, its *holder*, costs one row a step: the marker of
//! the step that is done. That the holder has leased the next step, or the next group in one pass, follows. It is
//! written only where something else is true: another worker, a second attempt, a wait.

use crate::{Fusion, Kind, Phase, Run, Shape, Status, Task, TaskId, WorkerId};

/// The state of a task of a run that has no row of its own.
///
/// A single step of a run that has a holder is leased to it, for the first time, and with it the group that it begins;
/// all else is queued.
///
/// ```
/// use stagemark_rules::{Input, Phase, Policy, Shape, Task, TaskId, Timestamp, WorkerId, begin, implied};
///
/// let mut shape = Shape::new();
/// let trim = TaskId::of(shape.step("trim", 0, Policy::default()));
/// let run = begin(&shape, Input::One, Timestamp(0)).run;
/// assert_eq!(implied(&shape, &run, trim, None), Task::NEW);
/// assert_eq!(implied(&shape, &run, trim, Some(WorkerId(7))).phase, Phase::Leased { worker: WorkerId(7) });
/// ```
pub fn implied(shape: &Shape, run: &Run, task: TaskId, holder: Option<WorkerId>) -> Task {
    let (Some(worker), Some(node)) = (holder, shape.node(task.node)) else { return Task::NEW };
    if node.kind != Kind::Step {
        return Task::NEW;
    }
    let first = run.first_of_group(shape, task.node);
    let is_pass = run.leased_with(shape, TaskId::of(first)).nth(1).is_some();
    let fusion = if is_pass { Fusion::Pass(first) } else { Fusion::Free };
    let leased = Task { phase: Phase::Leased { worker }, attempt: 1, released: 0, fusion };
    // Where the first has a row, those that are leased with it have one too.
    let is_known = first == task.node || run.task(TaskId::of(first)) == Some(&leased);
    if is_known { leased } else { Task::NEW }
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
    if status.has_ended() {
        return run;
    }
    for opened in run.open(shape, |_| Task::NEW) {
        let task = implied(shape, &run, opened, holder);
        if let Ok(at) = run.position(opened) {
            run.tasks[at].1 = task;
        }
        if matches!(task.fusion, Fusion::Pass(_)) {
            let rest: Vec<_> = run.leased_with(shape, opened).skip(1).collect();
            for id in rest {
                if let Err(place) = run.position(id) {
                    run.tasks.insert(place, (id, task));
                }
            }
        }
    }
    run
}

impl Run {
    /// The first node of the group of this one that is not done.
    fn first_of_group(&self, shape: &Shape, node: u16) -> u16 {
        let before = |node: &u16| {
            let input = *shape.node(*node)?.inputs.first()?;
            let is_of_group = shape.node(input)?.next == Some(*node);
            (is_of_group && !self.is_done(shape, usize::from(input))).then_some(input)
        };
        std::iter::successors(Some(node), before).last().unwrap_or(node)
    }
}
