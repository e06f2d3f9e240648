//! One turn of a run: what happened is decided on, what can be leased is leased, and the next state is proposed.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};
use stagemark_rules::{
    Event, Input, Jitter, Kind, Phase, Run, Status, TaskId, Timestamp, WorkerId, advance, begin, claimable,
};

use super::{
    execute::Failure,
    ledger::Ledger,
    meters::AttemptEnd,
    slots::{Slot, Slots, Spare},
    values,
};
use crate::{StepError, ports::Companion};

/// Something that happened to a run.
#[derive(Debug)]
pub(super) enum Happened {
    /// An attempt ended.
    Ended { task: TaskId, attempt: u32, outcome: Outcome, at: Timestamp },
    /// These workers were not heard of for too long.
    Lapsed(Vec<WorkerId>),
    /// Somebody asked for the run to stop.
    Cancelled,
}

#[derive(Debug)]
pub(super) enum Outcome {
    Made(Arc<str>, Vec<Arc<dyn Companion>>),
    Failed(Failure),
    /// The worker shuts down.
    HandedBack,
}

/// The state that follows, before it is committed.
#[derive(Debug)]
pub(super) struct Turn {
    pub(super) next: Run,
    /// The slots of the tasks that are leased to this worker and not yet started.
    pub(super) granted: BTreeMap<TaskId, Slot>,
    /// Why the run fails, if it does, as JSON.
    pub(super) error: Option<Arc<str>>,
    /// What the steps that succeeded write in the same transaction.
    pub(super) companions: Vec<(TaskId, Arc<dyn Companion>)>,
    /// How attempts ended, by their nodes; counted once the turn is committed.
    pub(super) ends: Vec<(u16, AttemptEnd)>,
}

/// Which attempt made a run fail, and why; stored with the run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct RunFailure {
    pub(crate) step: String,
    pub(crate) item: u32,
    pub(crate) attempt: u32,
    pub(crate) chain: Vec<String>,
}

/// Where a turn gets its leases: none where the worker shuts down.
pub(super) struct Leasing<'a> {
    pub(super) worker: WorkerId,
    pub(super) slots: Option<&'a Slots>,
    /// What attempts that ended in this turn gave up.
    pub(super) spare: &'a mut Vec<Spare>,
    /// Whether an attempt of this task runs here.
    pub(super) runs_here: &'a dyn Fn(TaskId, u32) -> bool,
}

impl Turn {
    /// Decides on all that happened, in order, and then on what to do next.
    pub(super) fn take(ledger: &mut Ledger, happened: &[Happened], mut leasing: Leasing<'_>, now: Timestamp) -> Self {
        let (granted, error, companions, ends) = Default::default();
        let mut turn = Self { next: first(ledger, now), granted, error, companions, ends };
        for one in happened {
            turn.settle(ledger, one, now);
        }
        turn.resume(ledger, &mut leasing, now);
        turn.lease(ledger, &mut leasing, now);
        turn
    }

    fn settle(&mut self, ledger: &mut Ledger, happened: &Happened, now: Timestamp) {
        match happened {
            Happened::Cancelled => {
                self.decide(ledger, Event::Cancelled, now);
            }
            Happened::Lapsed(workers) => {
                let held: Vec<_> = self.next.leased().filter(|(_, worker, _)| workers.contains(worker)).collect();
                for (task, _, attempt) in held {
                    let event = Event::LeaseExpired { task, attempt, jitter: jitter() };
                    if self.decide(ledger, event, now) {
                        self.failed(ledger, task, attempt, &Failure::passing(LAPSED), now);
                        self.ends.push((task.node, AttemptEnd::Expired));
                    }
                }
            }
            Happened::Ended { task, attempt, outcome, at } => {
                self.ended(ledger, (*task, *attempt), outcome, (*at, now));
            }
        }
    }

    fn ended(
        &mut self,
        ledger: &mut Ledger,
        (task, attempt): (TaskId, u32),
        outcome: &Outcome,
        (at, now): (Timestamp, Timestamp),
    ) {
        let outcome = match outcome {
            Outcome::Made(output, companions) => width(ledger, task, output).map(|width| (output, width, companions)),
            Outcome::Failed(failure) => Err(failure.clone()),
            Outcome::HandedBack => {
                let accepted = self.decide(ledger, Event::Released { task, attempt }, now);
                self.ends.push((task.node, if accepted { AttemptEnd::HandedBack } else { AttemptEnd::Stopped }));
                return;
            }
        };
        let end = match outcome {
            Ok((output, width, companions)) => {
                if self.decide(ledger, Event::Succeeded { task, attempt, width }, now) {
                    let note = ledger.note(task);
                    note.finished = Some(at);
                    note.output = Some(Arc::clone(output));
                    self.companions.extend(companions.iter().map(|companion| (task, Arc::clone(companion))));
                    AttemptEnd::Ready
                } else {
                    AttemptEnd::Late
                }
            }
            Err(failure) => {
                let event = Event::Failed { task, attempt, permanent: failure.permanent, jitter: jitter() };
                if self.decide(ledger, event, now) {
                    self.failed(ledger, task, attempt, &failure, at);
                    let is_dead = self.next.task(task).is_some_and(|task| task.phase == Phase::Dead);
                    if is_dead { AttemptEnd::DeadLetter } else { AttemptEnd::Failed }
                } else {
                    AttemptEnd::Stopped
                }
            }
        };
        self.ends.push((task.node, end));
    }

    fn failed(&mut self, ledger: &mut Ledger, task: TaskId, attempt: u32, failure: &Failure, at: Timestamp) {
        let note = ledger.note(task);
        note.finished = Some(at);
        note.output = None;
        note.error = Some(json(&failure.chain));
        let step = ledger.plan.shape.nodes()[usize::from(task.node)].name.clone();
        tracing::debug!(run = %ledger.origin.run, step, attempt, chain = failure.chain.join(": "), "attempt failed");
        if self.next.status == Status::Failed {
            let chain = failure.chain.clone();
            self.error = Some(json(&RunFailure { step, item: task.item, attempt, chain }));
        }
    }

    /// Takes up what is leased to this worker and does not run, as after a commit whose answer was lost.
    fn resume(&mut self, ledger: &mut Ledger, leasing: &mut Leasing<'_>, now: Timestamp) {
        let idle: Vec<_> = self
            .next
            .leased()
            .filter(|(task, worker, attempt)| *worker == leasing.worker && !(leasing.runs_here)(*task, *attempt))
            .collect();
        for (task, _, attempt) in idle {
            match leasing.slot(ledger, task) {
                Some(slot) => drop(self.granted.insert(task, slot)),
                None => drop(self.decide(ledger, Event::Released { task, attempt }, now)),
            }
        }
    }

    fn lease(&mut self, ledger: &mut Ledger, leasing: &mut Leasing<'_>, now: Timestamp) {
        let due = claimable(&ledger.plan.shape, &self.next).filter(|(_, due)| *due <= now);
        let due: Vec<_> = due.map(|(task, _)| task).collect();
        for task in due {
            let Some(slot) = leasing.slot(ledger, task) else {
                continue;
            };
            if self.decide(ledger, Event::Claimed { task, worker: leasing.worker }, now) {
                let note = ledger.note(task);
                (note.started, note.finished) = (Some(now), None);
                self.granted.insert(task, slot);
            }
        }
    }

    /// Whether the event was accepted; then it is in the next state.
    fn decide(&mut self, ledger: &Ledger, event: Event, now: Timestamp) -> bool {
        match advance(&ledger.plan.shape, &mut self.next, event, now) {
            Ok(_) => true,
            Err(rejected) => {
                tracing::debug!(run = %ledger.origin.run, ?event, %rejected, "event rejected");
                false
            }
        }
    }

    pub(super) fn changes(&self, ledger: &Ledger) -> bool {
        self.next != ledger.run
    }
}

const LAPSED: &str = "the worker was not heard of until its lease ended: its process died, hung or lost the database";

impl Leasing<'_> {
    fn slot(&mut self, ledger: &Ledger, task: TaskId) -> Option<Slot> {
        let step = ledger.plan.steps[usize::from(task.node)].as_ref()?.name;
        self.slots?.take(step, self.spare)
    }
}

/// How many items an output has, where the rules need to know.
fn width(ledger: &Ledger, task: TaskId, output: &str) -> Result<Option<u32>, Failure> {
    let shape = &ledger.plan.shape;
    let single = shape.node(task.node).is_some_and(|node| node.kind == Kind::Step);
    if !(single && shape.is_mapped(task.node)) {
        return Ok(None);
    }
    values::width(output).map(Some).map_err(|error| Failure::permanent(&StepError::permanent(error)))
}

/// The attempts of a run that have to stop: others hold their tasks, or nobody does.
pub(super) fn is_leased(run: &Run, task: TaskId, attempt: u32, worker: WorkerId) -> bool {
    run.task(task).is_some_and(|task| task.attempt == attempt && task.phase == Phase::Leased { worker })
}

fn jitter() -> Jitter {
    Jitter(rand::random())
}

fn json(value: &impl Serialize) -> Arc<str> {
    serde_json::to_string(value).expect("texts and numbers are JSON").into()
}

/// The run as it stands; one that has not begun and has nothing to do is at its end.
fn first(ledger: &Ledger, now: Timestamp) -> Run {
    let run = &ledger.run;
    if run.status != Status::Queued || !run.tasks.is_empty() {
        return run.clone();
    }
    begin(&ledger.plan.shape, run.width.map_or(Input::One, Input::List), now).run
}
