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
    results::{Made, Making, Source},
    slots::{Slot, Slots, Spare},
    values,
};
use crate::{
    StepError,
    ports::{Companion, KeptResult},
    workflow::Planned,
};

/// Something that happened to a run.
#[derive(Debug)]
pub(super) enum Happened {
    /// An attempt ended; of a pass the first task and its attempt name it.
    Ended { task: TaskId, attempt: u32, tasks: Vec<TaskId>, outcome: Outcome, at: Timestamp },
    /// These workers were not heard of for too long.
    Lapsed(Vec<WorkerId>),
    /// Somebody asked for the run to stop.
    Cancelled,
}

#[derive(Debug)]
pub(super) enum Outcome {
    Made(Made, Vec<Arc<dyn Companion>>),
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
    /// What is kept of what they made, by those who made it.
    pub(super) kept: Vec<(Arc<Making>, KeptResult)>,
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
        let (granted, error, companions, kept, ends) = Default::default();
        // What is cancelled before its moment does not begin: without a step it would be ready then.
        let is_cancelled = happened.iter().any(|one| matches!(one, Happened::Cancelled));
        let next = if is_cancelled { ledger.run.clone() } else { first(ledger, now) };
        let mut turn = Self { next, granted, error, companions, kept, ends };
        for one in happened {
            turn.settle(ledger, one, now);
        }
        turn.elapse(ledger, now);
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
                let held: Vec<_> = self.next.attempts().filter(|(_, worker, _)| workers.contains(worker)).collect();
                for (task, _, attempt) in held {
                    let tasks: Vec<_> = self.next.members(task).collect();
                    let event = Event::LeaseExpired { task, attempt, jitter: jitter() };
                    if self.decide(ledger, event, now) {
                        self.failed(ledger, &tasks, attempt, &Failure::passing(LAPSED), now);
                        self.count(&tasks, AttemptEnd::Expired);
                    }
                }
            }
            Happened::Ended { task, attempt, tasks, outcome, at } => {
                let end = self.ended(ledger, (*task, *attempt, tasks), outcome, (*at, now));
                self.count(tasks, end);
            }
        }
    }

    fn ended(
        &mut self,
        ledger: &mut Ledger,
        (task, attempt, tasks): (TaskId, u32, &[TaskId]),
        outcome: &Outcome,
        (at, now): (Timestamp, Timestamp),
    ) -> AttemptEnd {
        let last = tasks.last().copied().unwrap_or(task);
        let outcome = match outcome {
            Outcome::Made(made, companions) => width(ledger, last, &made.output).map(|width| (made, width, companions)),
            Outcome::Failed(failure) => Err(failure.clone()),
            Outcome::HandedBack => {
                let accepted = self.decide(ledger, Event::Released { task, attempt }, now);
                return if accepted { AttemptEnd::HandedBack } else { AttemptEnd::Stopped };
            }
        };
        match outcome {
            Ok((made, width, companions)) => {
                if !self.decide(ledger, Event::Succeeded { task, attempt, width }, now) {
                    return AttemptEnd::Late;
                }
                for id in tasks {
                    let note = ledger.note(*id);
                    note.finished = Some(at);
                    // What passes between the steps of a pass is nowhere.
                    note.output = (*id == last).then(|| Arc::clone(&made.output));
                    note.reused = matches!(made.source, Source::Taken);
                }
                self.keep(made, companions, now);
                self.companions.extend(companions.iter().map(|companion| (task, Arc::clone(companion))));
                AttemptEnd::Ready
            }
            Err(failure) => {
                let event = Event::Failed { task, attempt, permanent: failure.permanent, jitter: jitter() };
                if !self.decide(ledger, event, now) {
                    return AttemptEnd::Stopped;
                }
                self.failed(ledger, tasks, attempt, &failure, at);
                let is_dead = self.next.task(task).is_some_and(|task| task.phase == Phase::Dead);
                if is_dead { AttemptEnd::DeadLetter } else { AttemptEnd::Failed }
            }
        }
    }

    /// Has what was made kept, unless more than an output was: who takes it would not have the rest.
    fn keep(&mut self, made: &Made, companions: &[Arc<dyn Companion>], now: Timestamp) {
        if let (Source::ToKeep(making), []) = (&made.source, companions) {
            self.kept.push((Arc::clone(making), making.result(&made.output, now)));
        }
    }

    fn count(&mut self, tasks: &[TaskId], end: AttemptEnd) {
        self.ends.extend(tasks.iter().map(|task| (task.node, end)));
    }

    fn failed(&mut self, ledger: &mut Ledger, tasks: &[TaskId], attempt: u32, failure: &Failure, at: Timestamp) {
        for task in tasks {
            let note = ledger.note(*task);
            note.finished = Some(at);
            (note.output, note.reused) = (None, false);
            note.error = Some(json(&failure.chain));
        }
        let Some(task) = tasks.first() else { return };
        let step = ledger.plan.shape.nodes()[usize::from(task.node)].name.clone();
        let (run, members, chain) = (ledger.origin.run, tasks.len(), failure.chain.join(": "));
        tracing::debug!(%run, step, attempt, members, chain, "attempt failed");
        if self.next.status == Status::Failed {
            let chain = failure.chain.clone();
            self.error = Some(json(&RunFailure { step, item: task.item, attempt, chain }));
        }
    }

    /// Ends the timers whose moment has come, and those of no length behind them.
    fn elapse(&mut self, ledger: &mut Ledger, now: Timestamp) {
        let shape = &ledger.plan.shape;
        let due = |run: &Run| claimable(shape, run).find(|(task, due)| *due <= now && shape.is_timer(task.node));
        let mut elapsed = Vec::new();
        while let Some((task, _)) = due(&self.next) {
            if !self.decide(ledger, Event::Elapsed { task }, now) {
                break;
            }
            elapsed.push(task);
        }
        for task in elapsed {
            ledger.note(task).finished = Some(now);
        }
    }

    /// Takes up what is leased to this worker and does not run, as after a commit whose answer was lost.
    fn resume(&mut self, ledger: &mut Ledger, leasing: &mut Leasing<'_>, now: Timestamp) {
        let idle: Vec<_> = self
            .next
            .attempts()
            .filter(|(task, worker, attempt)| *worker == leasing.worker && !(leasing.runs_here)(*task, *attempt))
            .collect();
        for (task, _, attempt) in idle {
            let planned = ledger.plan.attempt_at(task, self.next.members(task));
            match planned.and_then(|planned| leasing.slot(planned)) {
                Some(slot) => drop(self.granted.insert(task, slot)),
                None => drop(self.decide(ledger, Event::Released { task, attempt }, now)),
            }
        }
    }

    fn lease(&mut self, ledger: &mut Ledger, leasing: &mut Leasing<'_>, now: Timestamp) {
        let due = claimable(&ledger.plan.shape, &self.next).filter(|(_, due)| *due <= now);
        let due: Vec<_> = due.map(|(task, _)| task).collect();
        for task in due {
            let planned = ledger.plan.attempt_at(task, self.next.leased_with(&ledger.plan.shape, task));
            let Some(slot) = planned.and_then(|planned| leasing.slot(planned)) else {
                continue;
            };
            if self.decide(ledger, Event::Claimed { task, worker: leasing.worker }, now) {
                for member in self.next.members(task) {
                    let note = ledger.note(member);
                    (note.started, note.finished) = (Some(now), None);
                }
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
    fn slot(&mut self, planned: &Planned) -> Option<Slot> {
        self.slots?.take(&planned.slots, self.spare)
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

/// The run as it stands; one that nothing is stored of begins now, as do its timers, and where there is nothing to do it
/// is at its end.
fn first(ledger: &Ledger, now: Timestamp) -> Run {
    let run = &ledger.run;
    if run.status != Status::Queued || ledger.has_rows() {
        return run.clone();
    }
    begin(&ledger.plan.shape, run.width.map_or(Input::One, Input::List), now).run
}
