//! The decision: a run and an event in, the next run and its effects out.

use std::time::Duration;

use crate::{
    Effect, Event, Fusion, Input, Jitter, Kind, Phase, Rejected, Run, Shape, Status, Task, TaskId, Timestamp, WorkerId,
    claimable::room_of,
};

/// What follows from an event: the next state of the run, and orders to carry out once it is committed.
///
/// ```
/// use stagemark_rules::{Decision, Effect, Event, Input, Shape, Policy, Status, Timestamp, begin, decide};
///
/// let mut shape = Shape::new();
/// shape.step("trim", 0, Policy::default());
/// let queued = begin(&shape, Input::One, Timestamp(0)).run;
/// let Decision { run, effects } = decide(&shape, &queued, Event::Cancelled, Timestamp(1))?;
/// assert_eq!((run.status, effects), (Status::Cancelled, vec![Effect::Announce(Status::Cancelled)]));
/// # Ok::<(), stagemark_rules::Rejected>(())
/// ```
#[must_use]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The run as it is now.
    pub run: Run,
    /// What to do, in order.
    pub effects: Vec<Effect>,
}

/// The first state of a run: queued, with the tasks open that need nothing but the input. Where there are none, as in
/// an `each` over an empty list, it is ready at once.
///
/// The input must be told as a [`List`](Input::List) where an `each` maps over it, so that its items are known.
///
/// ```
/// use stagemark_rules::{Effect, Input, Policy, Shape, Status, TaskId, Timestamp, begin};
///
/// let mut shape = Shape::new();
/// let task = TaskId::of(shape.step("trim", 0, Policy::default()));
/// let first = begin(&shape, Input::One, Timestamp(5));
/// assert_eq!(first.run.status, Status::Queued);
/// assert_eq!(first.effects, [Effect::Dispatch { task, due: Timestamp(5) }]);
/// ```
pub fn begin(shape: &Shape, input: Input, now: Timestamp) -> Decision {
    let width = match input {
        Input::One => None,
        Input::List(items) => Some(items),
    };
    let mut run = Run { status: Status::Queued, width, tasks: Vec::new() };
    let mut next = Next { run: &mut run, effects: Vec::new() };
    next.settle(shape, now);
    let effects = next.effects;
    Decision { run, effects }
}

/// The next state of a run after an event.
///
/// # Errors
/// [`Rejected`] where the event changes nothing: it is late, a duplicate, or not allowed here.
///
/// ```
/// use stagemark_rules::{Event, Input, Policy, Rejected, Shape, TaskId, Timestamp, WorkerId, begin, decide};
///
/// let mut shape = Shape::new();
/// let task = TaskId::of(shape.step("trim", 0, Policy::default()));
/// let queued = begin(&shape, Input::One, Timestamp(0)).run;
/// let claimed = Event::Claimed { task, worker: WorkerId(7) };
/// let running = decide(&shape, &queued, claimed, Timestamp(1))?.run;
/// assert_eq!(decide(&shape, &running, claimed, Timestamp(2)), Err(Rejected::NotQueued(task)));
/// # Ok::<(), Rejected>(())
/// ```
pub fn decide(shape: &Shape, run: &Run, event: Event, now: Timestamp) -> Result<Decision, Rejected> {
    let mut run = run.clone();
    let effects = advance(shape, &mut run, event, now)?;
    Ok(Decision { run, effects })
}

/// The same as [`decide()`], in place: takes the run to its next state and gives the effects. For those who decide on
/// many events in a row: a run may have thousands of tasks.
///
/// # Errors
/// As [`decide()`]; the run is as it was.
///
/// ```
/// use stagemark_rules::{Event, Input, Policy, Shape, Status, Timestamp, advance, begin};
///
/// let mut shape = Shape::new();
/// shape.step("trim", 0, Policy::default());
/// let mut run = begin(&shape, Input::One, Timestamp(0)).run;
/// advance(&shape, &mut run, Event::Cancelled, Timestamp(1))?;
/// assert_eq!(run.status, Status::Cancelled);
/// # Ok::<(), stagemark_rules::Rejected>(())
/// ```
pub fn advance(shape: &Shape, run: &mut Run, event: Event, now: Timestamp) -> Result<Vec<Effect>, Rejected> {
    if run.status.has_ended() {
        return Err(Rejected::RunIsOver(run.status));
    }
    let mut next = Next { run, effects: Vec::new() };
    match event {
        Event::Claimed { task, worker } => next.claim(shape, task, worker, now)?,
        Event::Succeeded { task, attempt, width } => next.succeed(shape, task, attempt, width, now)?,
        Event::Failed { task, attempt, permanent, jitter } => {
            next.fail(shape, task, attempt, permanent, jitter, now)?;
        }
        Event::LeaseExpired { task, attempt, jitter } => next.fail(shape, task, attempt, false, jitter, now)?,
        Event::Released { task, attempt } => next.release(task, attempt, now)?,
        Event::Elapsed { task } => next.elapse(shape, task, now)?,
        Event::Cancelled => next.end(Status::Cancelled),
    }
    Ok(next.effects)
}

/// A run on its way to its next state. Each event is judged whole before anything of it is carried out.
struct Next<'run> {
    run: &'run mut Run,
    effects: Vec<Effect>,
}

impl Next<'_> {
    fn claim(&mut self, shape: &Shape, id: TaskId, worker: WorkerId, now: Timestamp) -> Result<(), Rejected> {
        self.due(id, now)?;
        if shape.is_timer(id.node) {
            return Err(Rejected::WrongKind(id));
        }
        if room_of(shape, self.run, id.node) == 0 {
            let concurrency = shape.node(id.node).and_then(|node| node.policy.concurrency).unwrap_or(0);
            return Err(Rejected::AtLimit { concurrency });
        }
        self.run.lease(shape, id, worker);
        if self.run.status == Status::Queued {
            self.run.status = Status::Running;
            self.effects.push(Effect::Announce(Status::Running));
        }
        Ok(())
    }

    /// A timer is done once its moment has come; its value is that of its input, and it has no attempt.
    fn elapse(&mut self, shape: &Shape, id: TaskId, now: Timestamp) -> Result<(), Rejected> {
        let at = self.due(id, now)?;
        if !shape.is_timer(id.node) {
            return Err(Rejected::WrongKind(id));
        }
        self.run.tasks[at].1.phase = Phase::Done { width: None };
        self.settle(shape, now);
        Ok(())
    }

    /// Where a task is that waits and whose moment has come.
    fn due(&self, id: TaskId, now: Timestamp) -> Result<usize, Rejected> {
        let at = self.run.position(id).map_err(|_| Rejected::UnknownTask(id))?;
        match self.run.tasks[at].1.phase {
            Phase::Queued { due } if due <= now => Ok(at),
            Phase::Queued { due } => Err(Rejected::NotDue { due }),
            _ => Err(Rejected::NotQueued(id)),
        }
    }

    fn succeed(
        &mut self,
        shape: &Shape,
        id: TaskId,
        attempt: u32,
        width: Option<u32>,
        now: Timestamp,
    ) -> Result<(), Rejected> {
        self.held(id, attempt)?;
        let last = self.run.members(id).last().unwrap_or(id);
        // The items of an `each` make one list, as long as its input: theirs is no list of its own.
        let is_step = shape.node(last.node).is_some_and(|node| node.kind == Kind::Step);
        if width.is_none() && is_step && shape.is_mapped(last.node) {
            return Err(Rejected::WidthMissing(last));
        }
        let width = width.filter(|_| is_step);
        self.run.each_member(id, |member, task| task.phase = Phase::Done { width: width.filter(|_| member == last) });
        self.settle(shape, now);
        Ok(())
    }

    fn fail(
        &mut self,
        shape: &Shape,
        id: TaskId,
        attempt: u32,
        permanent: bool,
        jitter: Jitter,
        now: Timestamp,
    ) -> Result<(), Rejected> {
        self.held(id, attempt)?;
        let (mut tried_most, mut attempts_least, mut wait) = (0, u32::MAX, Duration::ZERO);
        let is_pass = self.run.members(id).nth(1).is_some();
        self.run.each_member(id, |member, task| {
            let policy = shape.node(member.node).map(|node| node.policy).unwrap_or_default();
            let tried = task.attempt - task.released;
            tried_most = tried_most.max(tried);
            attempts_least = attempts_least.min(policy.attempts);
            wait = wait.max(policy.backoff.delay(tried, jitter));
        });
        if !permanent && tried_most < attempts_least {
            self.again(id, now.after(wait), |_| {});
        } else if is_pass {
            // Which step is at fault is not known: each is tried alone, and its attempts are counted anew.
            self.again(id, now, |task| (task.released, task.fusion) = (task.attempt, Fusion::Alone));
        } else {
            self.run.each_member(id, |_, task| task.phase = Phase::Dead);
            self.effects.push(Effect::DeadLetter(id));
            self.end(Status::Failed);
        }
        Ok(())
    }

    fn release(&mut self, id: TaskId, attempt: u32, now: Timestamp) -> Result<(), Rejected> {
        self.held(id, attempt)?;
        self.again(id, now, |task| task.released += 1);
        Ok(())
    }

    /// Queues the tasks that an attempt did not do, changed; of a pass the first, behind which the others wait.
    fn again(&mut self, id: TaskId, due: Timestamp, change: impl Fn(&mut Task)) {
        self.run.each_member(id, |member, task| {
            task.phase = if member == id { Phase::Queued { due } } else { Phase::Waiting };
            change(task);
        });
        self.effects.push(Effect::Dispatch { task: id, due });
    }

    /// Whether this attempt holds the lease of the task: the attempt number is the fencing token.
    fn held(&self, id: TaskId, attempt: u32) -> Result<(), Rejected> {
        let at = self.run.position(id).map_err(|_| Rejected::UnknownTask(id))?;
        let task = self.run.tasks[at].1;
        if task.attempt != attempt || !matches!(task.phase, Phase::Leased { .. }) {
            return Err(Rejected::StaleAttempt { sent: attempt, current: task.attempt });
        }
        match task.fusion {
            Fusion::Pass(first) if first != id.node => Err(Rejected::PartOfPass { first }),
            _ => Ok(()),
        }
    }

    /// Ends the run without success: what is open is dropped, what runs is stopped.
    fn end(&mut self, status: Status) {
        for (id, task) in &mut self.run.tasks {
            match task.phase {
                Phase::Leased { .. } => {
                    self.effects.push(Effect::Stop { task: *id, attempt: task.attempt });
                    task.phase = Phase::Dropped;
                }
                Phase::Queued { .. } | Phase::Waiting => task.phase = Phase::Dropped,
                Phase::Done { .. } | Phase::Dead | Phase::Dropped => {}
            }
        }
        self.run.status = status;
        self.effects.push(Effect::Announce(status));
    }

    /// Opens every task whose inputs are done, and ends the run when none is left.
    fn settle(&mut self, shape: &Shape, now: Timestamp) {
        let opened = self.run.open(shape, |id| Task::opened(shape, id, now));
        let due = |task: TaskId| shape.timer_due(task, now).unwrap_or(now);
        self.effects.extend(opened.into_iter().map(|task| Effect::Dispatch { task, due: due(task) }));
        if (0..shape.nodes().len()).all(|node| self.run.is_done(shape, node)) {
            self.run.status = Status::Ready;
            self.effects.push(Effect::Announce(Status::Ready));
        }
    }
}
