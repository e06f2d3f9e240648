//! Passes: which tasks one attempt is at, in a group and alone.

use crate::{Fusion, Phase, Run, Shape, Task, TaskId, WorkerId};

impl Run {
    /// The tasks that a claim of this one leases: where it is the first of a group, all of the group. A group one of
    /// whose tasks is tried alone from now on is no group any more.
    ///
    /// ```
    /// use stagemark_rules::{Input, Policy, Shape, TaskId, Timestamp, begin};
    ///
    /// let mut shape = Shape::new();
    /// let trim = shape.step("trim", 0, Policy::default());
    /// let edit = shape.step("edit", trim, Policy::default());
    /// shape.fuse(trim, edit);
    /// let run = begin(&shape, Input::One, Timestamp(0)).run;
    /// assert_eq!(run.leased_with(&shape, TaskId::of(trim)).count(), 2);
    /// ```
    pub fn leased_with<'run>(&'run self, shape: &'run Shape, first: TaskId) -> impl Iterator<Item = TaskId> + 'run {
        let is_alone = |node| self.task(TaskId::of(node)).is_some_and(|task| task.fusion == Fusion::Alone);
        let size = if shape.group(first.node).any(is_alone) { 1 } else { usize::MAX };
        let rest = shape.group(first.node).skip(1).map(TaskId::of);
        std::iter::once(first).chain(rest).take(size)
    }

    /// Leases a task, and those that are leased with it.
    pub(crate) fn lease(&mut self, shape: &Shape, first: TaskId, worker: WorkerId) {
        self.forget_pass(first);
        let mut members = self.leased_with(shape, first);
        members.next();
        let rest: Vec<_> = members.collect();
        for id in rest.iter().chain([&first]) {
            let at = self.position(*id).unwrap_or_else(|place| {
                self.tasks.insert(place, (*id, Task::NEW));
                place
            });
            let task = &mut self.tasks[at].1;
            task.phase = Phase::Leased { worker };
            task.attempt += 1;
            if !rest.is_empty() {
                task.fusion = Fusion::Pass(first.node);
            }
        }
    }

    /// The pass that began at a task has failed, and another attempt begins, perhaps at other tasks.
    fn forget_pass(&mut self, first: TaskId) {
        if self.task(first).is_none_or(|task| task.fusion != Fusion::Pass(first.node)) {
            return;
        }
        for (_, task) in &mut self.tasks {
            if task.fusion == Fusion::Pass(first.node) {
                task.fusion = Fusion::Free;
            }
        }
    }

    /// Changes the tasks of an attempt that holds a lease, in order.
    pub(crate) fn each_member(&mut self, first: TaskId, mut change: impl FnMut(TaskId, &mut Task)) {
        let Ok(from) = self.position(first) else { return };
        let fusion = self.tasks[from].1.fusion;
        if fusion != Fusion::Pass(first.node) {
            return change(first, &mut self.tasks[from].1);
        }
        for (id, task) in &mut self.tasks[from..] {
            if task.fusion == fusion && matches!(task.phase, Phase::Leased { .. }) {
                change(*id, task);
            }
        }
    }
}
