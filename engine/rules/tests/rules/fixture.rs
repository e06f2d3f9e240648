//! A run that is played event by event.

use std::time::Duration;

use stagemark_rules::{
    Backoff, Decision, Effect, Event, Input, Jitter, Phase, Policy, Rejected, Run, Shape, Status, Task, TaskId,
    Timestamp, WorkerId, begin, claimable, decide,
};

pub(crate) const ADA: WorkerId = WorkerId(0xADA);
pub(crate) const BOB: WorkerId = WorkerId(0xB0B);
pub(crate) const NOW: Timestamp = Timestamp(1_800_000_000_000);
pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// The first step of every shape here.
pub(crate) const FIRST: TaskId = TaskId::of(1);

/// Up to three attempts, with a second between them.
pub(crate) const THRICE: Policy = Policy { attempts: 3, backoff: Backoff::Fixed(SECOND), concurrency: None };

/// One item of a node.
pub(crate) fn item(node: u16, item: u32) -> TaskId {
    TaskId { node, item }
}

/// A shape of steps in a row.
pub(crate) fn chain<const STEPS: usize>(names: [&str; STEPS], policy: Policy) -> Shape {
    let mut shape = Shape::new();
    names.into_iter().fold(0, |last, name| shape.step(name, last, policy));
    shape
}

/// A shape of one step for each item of the input.
pub(crate) fn mapped(policy: Policy) -> Shape {
    let mut shape = Shape::new();
    shape.each("encode", 0, policy);
    shape
}

/// A run, its shape and its clock.
#[derive(Debug)]
pub(crate) struct Play {
    pub(crate) shape: Shape,
    pub(crate) run: Run,
    pub(crate) now: Timestamp,
    /// What followed from the latest accepted event.
    pub(crate) effects: Vec<Effect>,
}

impl Play {
    pub(crate) fn of(shape: Shape) -> Self {
        Self::with(shape, Input::One)
    }

    pub(crate) fn with(shape: Shape, input: Input) -> Self {
        let Decision { run, effects } = begin(&shape, input, NOW);
        Self { shape, run, now: NOW, effects }
    }

    pub(crate) fn decide(&mut self, event: Event) -> Result<(), Rejected> {
        let Decision { run, effects } = decide(&self.shape, &self.run, event, self.now)?;
        (self.run, self.effects) = (run, effects);
        Ok(())
    }

    pub(crate) fn try_claim(&mut self, task: TaskId) -> Result<(), Rejected> {
        self.decide(Event::Claimed { task, worker: ADA })
    }

    /// Lets [`ADA`] lease a task, as soon as it is due; gives the attempt.
    pub(crate) fn claim(&mut self, task: TaskId) -> u32 {
        if let Phase::Queued { due } = self.task(task).phase {
            self.now = self.now.max(due);
        }
        self.try_claim(task).expect("the task can be claimed");
        self.task(task).attempt
    }

    pub(crate) fn succeed(&mut self, task: TaskId, attempt: u32) -> Result<(), Rejected> {
        self.decide(Event::Succeeded { task, attempt, width: None })
    }

    pub(crate) fn fail(&mut self, task: TaskId, attempt: u32) -> Result<(), Rejected> {
        self.decide(Event::Failed { task, attempt, permanent: false, jitter: Jitter::MOST })
    }

    pub(crate) fn expire(&mut self, task: TaskId, attempt: u32) -> Result<(), Rejected> {
        self.decide(Event::LeaseExpired { task, attempt, jitter: Jitter::MOST })
    }

    pub(crate) fn release(&mut self, task: TaskId, attempt: u32) -> Result<(), Rejected> {
        self.decide(Event::Released { task, attempt })
    }

    /// Leases a task and does it.
    pub(crate) fn complete(&mut self, task: TaskId) {
        let attempt = self.claim(task);
        self.succeed(task, attempt).expect("the latest attempt succeeds");
    }

    pub(crate) fn task(&self, task: TaskId) -> Task {
        *self.run.task(task).expect("the task is open")
    }

    pub(crate) fn phase(&self, task: TaskId) -> Phase {
        self.task(task).phase
    }

    pub(crate) fn status(&self) -> Status {
        self.run.status
    }

    /// The tasks that may be claimed, now or later.
    pub(crate) fn claimable(&self) -> Vec<TaskId> {
        claimable(&self.shape, &self.run).map(|(task, _)| task).collect()
    }
}
