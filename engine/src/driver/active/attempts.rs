//! Execute: attempts begin with what the run has made so far, and end with news for it.

use std::{collections::BTreeMap, sync::Arc};

use futures::{FutureExt, future::BoxFuture};
use stagemark_rules::TaskId;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{
    super::{
        execute::{Ended, Failure},
        results::{Source, make_or_take},
        slots::Slot,
        turn::{Happened, Outcome},
    },
    Active, Running,
};
use crate::{Attempt, StepCall, StepError, attempt::Identity, ports::Maker};

impl Active {
    pub(super) fn start(&mut self, granted: BTreeMap<TaskId, Slot>) {
        for (task, slot) in granted {
            let number = self.ledger.run.task(task).map_or(1, |task| task.attempt);
            let cancel = CancellationToken::new();
            let end = self.attempt((task, number), cancel.clone());
            self.ends.push(end);
            self.running.insert((task, number), Running { cancel, slot });
        }
    }

    fn attempt(&mut self, lease: (TaskId, u32), cancel: CancellationToken) -> BoxFuture<'static, Ended> {
        let tasks: Vec<_> = self.ledger.run.members(lease.0).collect();
        let planned = self.ledger.plan.attempt_at(lease.0, tasks.iter().copied());
        let planned = planned.cloned().expect("what is leased here is served here");
        let attempt = if let [task] = tasks[..] {
            self.attempt_at(task, &cancel, self.ledger.details(task))
        } else {
            let members: Vec<_> = tasks.iter().map(|task| self.attempt_at(*task, &cancel, None)).collect();
            members.last().expect("a pass has members").over(members.clone())
        };
        match self.ledger.input_of(lease.0) {
            Ok(input) => {
                let call = StepCall { attempt: attempt.clone(), input };
                let durations = self.driver.meters.durations(&self.ledger.plan, &tasks);
                let begun = Instant::now();
                let maker = Maker { run: self.ledger.origin.run, task: lease.0, worker: self.driver.worker };
                let by = (Arc::clone(&self.driver), maker);
                let result = make_or_take(by, planned, (call, self.ledger.origin.trace.clone()), cancel);
                Box::pin(result.map(move |result| {
                    let is_taken = result.as_ref().is_ok_and(|made| matches!(made.source, Source::Taken));
                    for duration in durations.iter().filter(|_| !is_taken) {
                        duration.record(begun.elapsed());
                    }
                    Ended { lease, attempt, result }
                }))
            }
            Err(error) => {
                let result = Err(Failure::permanent(&StepError::permanent(error)));
                Box::pin(std::future::ready(Ended { lease, attempt, result }))
            }
        }
    }

    fn attempt_at(&self, task: TaskId, cancel: &CancellationToken, resume: Option<Arc<str>>) -> Attempt {
        let step = self.ledger.plan.steps[usize::from(task.node)].as_ref().expect("a task has a step").name;
        let number = self.ledger.run.task(task).map_or(1, |task| task.attempt);
        let identity = Identity { run: self.ledger.origin.run, task, step, number, pass: None };
        let (listener, places) = (Arc::clone(&self.driver), Arc::clone(&self.driver.places));
        Attempt::new(identity, cancel.clone(), resume, Some(listener), places)
    }

    pub(super) async fn ended(&mut self, ended: Ended) {
        let Ended { lease: (task, number), attempt, result } = ended;
        let heard = self.driver.forget(&attempt);
        // What a pass would keep could meet a step alone.
        if let Some(heard) = heard.filter(|_| attempt.members().is_empty()) {
            if result.is_err() {
                self.driver.keep(&attempt, &heard).await;
            }
            self.ledger.note(task).details = heard.details;
        }
        let Some(running) = self.running.remove(&(task, number)) else {
            return;
        };
        self.spare.push(running.slot.spare());
        let outcome = match result {
            Ok(made) => Outcome::Made(made, attempt.take_companions()),
            Err(_) if self.handing_back => Outcome::HandedBack,
            Err(failure) => Outcome::Failed(failure),
        };
        let (at, tasks) = (self.driver.clock.now(), attempt.tasks().collect());
        self.happened.push(Happened::Ended { task, attempt: number, tasks, outcome, at });
    }

    pub(super) fn hand_back(&mut self) {
        self.handing_back = true;
        self.running.values().for_each(|running| running.cancel.cancel());
    }
}
