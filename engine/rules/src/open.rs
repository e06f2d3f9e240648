//! What opens when: a task does once all inputs of its node are done; a timer then begins to run.

use crate::{Kind, Phase, Run, Shape, Task, TaskId, Timestamp};

impl Run {
    /// Opens every task whose inputs are done and that is not open yet, in the state that `state` gives it.
    pub(crate) fn open(&mut self, shape: &Shape, state: impl Fn(TaskId) -> Task) -> Vec<TaskId> {
        let mut opened = Vec::new();
        for (at, node) in shape.nodes().iter().enumerate() {
            let items = match node.kind {
                Kind::Input | Kind::Join => 0,
                Kind::Step | Kind::Timer => 1,
                Kind::Each => self.width_of(shape, usize::from(node.inputs[0])).unwrap_or(0),
            };
            let number = u16::try_from(at).unwrap_or(u16::MAX);
            let is_waiting = matches!(self.of_node(number), [(_, Task { phase: Phase::Waiting, .. })]);
            if self.of_node(number).len() >= items as usize && !is_waiting {
                continue;
            }
            if !node.inputs.iter().all(|input| self.is_done(shape, usize::from(*input))) {
                continue;
            }
            for item in 0..items {
                let id = TaskId { node: number, item };
                match self.position(id) {
                    Err(place) => self.tasks.insert(place, (id, state(id))),
                    Ok(place) if is_waiting => self.tasks[place].1.phase = Phase::Queued { due: Timestamp(0) },
                    Ok(_) => continue,
                }
                opened.push(id);
            }
        }
        opened
    }

    /// Whether the value of a node is there.
    pub(crate) fn is_done(&self, shape: &Shape, at: usize) -> bool {
        let node = &shape.nodes()[at];
        let tasks = || self.of_node(u16::try_from(at).unwrap_or(u16::MAX));
        match node.kind {
            Kind::Input => true,
            Kind::Join => node.inputs.iter().all(|input| self.is_done(shape, usize::from(*input))),
            Kind::Step | Kind::Timer => matches!(tasks(), [(_, Task { phase: Phase::Done { .. }, .. })]),
            Kind::Each => {
                let input = usize::from(node.inputs[0]);
                self.is_done(shape, input)
                    && self.width_of(shape, input).is_some_and(|items| tasks().len() == items as usize)
                    && tasks().iter().all(|(_, task)| matches!(task.phase, Phase::Done { .. }))
            }
        }
    }

    /// How many items the list of a node has, once that is known.
    fn width_of(&self, shape: &Shape, at: usize) -> Option<u32> {
        let node = &shape.nodes()[at];
        match node.kind {
            Kind::Input => self.width,
            Kind::Join => None,
            Kind::Each | Kind::Timer => self.width_of(shape, usize::from(node.inputs[0])),
            Kind::Step => match self.of_node(u16::try_from(at).unwrap_or(u16::MAX)) {
                [(_, Task { phase: Phase::Done { width }, .. })] => *width,
                _ => None,
            },
        }
    }
}

impl Task {
    /// A task that has just been opened: due at once, or a timer that runs from this moment on.
    pub(crate) fn opened(shape: &Shape, id: TaskId, now: Timestamp) -> Self {
        shape.timer_due(id, now).map_or(Self::NEW, |due| Self { phase: Phase::Queued { due }, ..Self::NEW })
    }
}

impl Shape {
    /// When a timer is due that begins to run now; none of what is no timer.
    pub(crate) fn timer_due(&self, id: TaskId, now: Timestamp) -> Option<Timestamp> {
        self.node(id.node).filter(|node| node.kind == Kind::Timer).map(|node| now.after(node.delay))
    }
}
