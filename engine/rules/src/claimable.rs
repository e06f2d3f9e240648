//! What may be claimed, within the limits of the nodes.

use crate::{Phase, Run, Shape, Task, TaskId, Timestamp};

/// The tasks that a worker may claim now or later, in order, each with the moment from which it may; those that wait
/// for a place under their node's limit are not among them.
///
/// ```
/// use stagemark_rules::{Input, Policy, Shape, TaskId, Timestamp, begin, claimable};
///
/// let mut shape = Shape::new();
/// shape.each("encode", 0, Policy { concurrency: Some(2), ..Policy::default() });
/// let run = begin(&shape, Input::List(3), Timestamp(0)).run;
/// let tasks: Vec<_> = claimable(&shape, &run).map(|(task, _)| task).collect();
/// assert_eq!(tasks, [TaskId { node: 1, item: 0 }, TaskId { node: 1, item: 1 }]);
/// ```
pub fn claimable<'run>(shape: &'run Shape, run: &'run Run) -> impl Iterator<Item = (TaskId, Timestamp)> + 'run {
    let live = if run.status.has_ended() { &[] } else { run.tasks.as_slice() };
    live.chunk_by(|(one, _), (next, _)| one.node == next.node).flat_map(|tasks| offered(shape, run, tasks))
}

/// The queued ones of the tasks of one node, as many as there is room for.
fn offered(shape: &Shape, run: &Run, tasks: &[(TaskId, Task)]) -> Vec<(TaskId, Timestamp)> {
    let queued = tasks.iter().filter_map(|(id, task)| match task.phase {
        Phase::Queued { due } => Some((*id, due)),
        _ => None,
    });
    let mut queued: Vec<_> = queued.collect();
    let room = queued.first().map_or(0, |(id, _)| room_of(shape, run, id.node) as usize);
    if queued.len() > room {
        // To those that are due first: one that waits for its retry must not keep a place from the others.
        queued.sort_unstable_by_key(|(id, due)| (*due, *id));
        queued.truncate(room);
        queued.sort_unstable();
    }
    queued
}

/// How many more tasks of a node may be leased.
pub(crate) fn room_of(shape: &Shape, run: &Run, node: u16) -> u32 {
    let Some(limit) = shape.node(node).and_then(|node| node.policy.concurrency) else { return u32::MAX };
    let leased = run.of_node(node).iter().filter(|(_, task)| matches!(task.phase, Phase::Leased { .. })).count();
    limit.saturating_sub(u32::try_from(leased).unwrap_or(u32::MAX))
}
