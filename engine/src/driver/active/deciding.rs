//! Decide and commit: what happened to a run becomes its next state, durably, and then it is carried out.

use std::{collections::BTreeMap, sync::Arc};

use stagemark_rules::{Status, TaskId};
use tracing::{Instrument, Span};

use super::{
    super::{
        clock::Pause,
        commit::CommitError,
        execute::Failure,
        interest::Seen,
        ledger::Ledger,
        slots::Slot,
        turn::{Happened, Leasing, Outcome, Turn, is_leased},
    },
    Active,
};
use crate::{
    ports::{self, Change, Hint, Write},
    trace,
};

impl Active {
    /// Decides on what happened and commits it; tells whether the run is still known.
    pub(super) async fn turn(&mut self) -> bool {
        let mut pause = Pause::default();
        loop {
            if std::mem::take(&mut self.stale) && !self.reload().await {
                return false;
            }
            let turn = self.propose();
            if !turn.changes(&self.ledger) {
                self.driver.meters.ended(&self.ledger.plan, &turn.ends);
                self.adopted(turn.granted);
                return true;
            }
            let (change, hints) = self.change(&turn);
            let committed = self.driver.committer.commit(Write::Change(change.clone())).instrument(self.committing());
            match committed.await {
                Ok(ports::Outcome::Accepted) => {
                    if self.ledger.status() == Status::Queued {
                        self.tell_begun();
                    }
                    let queued = change.row.as_ref().is_some_and(|row| !row.queue.is_empty());
                    self.driver.meters.ended(&self.ledger.plan, &turn.ends);
                    turn.kept.iter().for_each(|(making, _)| making.set_kept());
                    self.ledger.adopt(turn.next, change);
                    self.adopted(turn.granted);
                    if queued {
                        self.driver.queued(hints);
                    }
                    return true;
                }
                Ok(ports::Outcome::Spoiled { task, permanent, chain }) => {
                    self.spoil(task, &Failure { permanent, chain });
                }
                Ok(ports::Outcome::Refused | ports::Outcome::Existing(_)) => {
                    tracing::debug!(run = %self.ledger.origin.run, "others changed the run first; deciding again");
                    self.stale = true;
                }
                // Whether it was written is not known: what is stored will tell.
                Err(CommitError::Store(_)) if self.driver.has_time(&pause) => {
                    drop(turn.granted);
                    pause.wait().await;
                    self.stale = true;
                }
                Err(_) => return false,
            }
        }
    }

    /// The rows that lead to where the turn has come.
    fn change(&self, turn: &Turn) -> (Change, Vec<Hint>) {
        let now = self.driver.clock.now();
        let mut change = self.ledger.change(&turn.next, self.driver.worker, turn.error.clone(), now);
        change.companions.clone_from(&turn.companions);
        change.results = turn.kept.iter().map(|(_, result)| result.clone()).collect();
        let plan = &self.ledger.plan;
        let Some(row) = &mut change.row else { return (change, Vec::new()) };
        let hints = self.driver.relay.hints(&self.ledger.origin, |node| plan.pool_of(node), &row.queue, now);
        row.outbox = self.driver.relay.outbox(&hints);
        (change, hints)
    }

    /// Takes an attempt whose output could not be committed for one that failed.
    fn spoil(&mut self, spoiled: TaskId, failure: &Failure) {
        for happened in &mut self.happened {
            if let Happened::Ended { task, outcome, .. } = happened
                && *task == spoiled
                && matches!(outcome, Outcome::Made(..))
            {
                *outcome = Outcome::Failed(failure.clone());
            }
        }
    }

    fn propose(&mut self) -> Turn {
        let (worker, running) = (self.driver.worker, &self.running);
        let leasing = Leasing {
            worker,
            slots: (!self.driver.closing.is_cancelled()).then_some(&self.driver.slots),
            spare: &mut self.spare,
            runs_here: &|task, attempt| running.contains_key(&(task, attempt)),
        };
        Turn::take(&mut self.ledger, &self.happened, leasing, self.driver.clock.now())
    }

    /// Carries out what was committed.
    fn adopted(&mut self, granted: BTreeMap<TaskId, Slot>) {
        self.happened.clear();
        let (run, worker) = (&self.ledger.run, self.driver.worker);
        for ((task, attempt), running) in &self.running {
            if !is_leased(run, *task, *attempt, worker) {
                running.cancel.cancel();
            }
        }
        self.start(granted);
        for asked in self.asked.drain(..) {
            // Who no longer waits for the answer has no use for it.
            let _gone = asked.send(self.ledger.run.status);
        }
        if !self.spare.is_empty() {
            self.spare.clear();
            self.driver.freed();
        }
        self.driver.interest.tell(self.ledger.origin.run, Seen::Moved);
        self.tell_moved();
    }

    /// The part of the run's trace that a commit is.
    pub(super) fn committing(&self) -> Span {
        let span = tracing::debug_span!("commit", run = %self.ledger.origin.run);
        trace::follow(&span, self.ledger.origin.trace.as_deref());
        span
    }

    /// Takes the run as it is stored; tells whether it is.
    pub(super) async fn reload(&mut self) -> bool {
        let mut pause = Pause::default();
        loop {
            match self.driver.store.load(&[self.ledger.origin.run]).await {
                Ok(mut records) => {
                    let Some(record) = records.pop() else {
                        return false;
                    };
                    let plan = Arc::clone(&self.ledger.plan);
                    let details =
                        self.running.keys().map(|(task, _)| (*task, self.ledger.details(*task))).collect::<Vec<_>>();
                    self.ledger = Ledger::of(plan, record);
                    for (task, details) in details {
                        self.ledger.note(task).details = details;
                    }
                    return true;
                }
                Err(error) => {
                    tracing::debug!(run = %self.ledger.origin.run, error = &error as &dyn std::error::Error, "the run was not read");
                    if !self.driver.has_time(&pause) {
                        return false;
                    }
                    pause.wait().await;
                }
            }
        }
    }
}
