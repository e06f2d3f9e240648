//! Execute: attempts begin with what the run has made so far, and end with news for it.

use std::{collections::BTreeMap, sync::Arc};

use futures::{FutureExt, future::BoxFuture};
use stagemark_rules::TaskId;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{
    super::{
        execute::{Ended, Failure, execute},
        slots::Slot,
        turn::{Happened, Outcome},
    },
    Active, Running,
};
use crate::{Attempt, StepCall, StepError, attempt::Identity};

impl Active {
    pub(super) fn start(&mut self, granted: BTreeMap<TaskId, Slot>) {
        for (task, slot) in granted {
            let attempt = self.ledger.run.task(task).map_or(1, |task| task.attempt);
            let cancel = CancellationToken::new();
            let end = self.attempt(task, attempt, cancel.clone());
            self.ends.push(end);
            self.running.insert((task, attempt), Running { cancel, slot });
        }
    }

    fn attempt(&mut self, task: TaskId, number: u32, cancel: CancellationToken) -> BoxFuture<'static, Ended> {
        let planned = self.ledger.plan.steps[usize::from(task.node)].clone().expect("a task has a step");
        let identity = Identity { run: self.ledger.origin.run, task, step: planned.name, number };
        let resume = self.ledger.details(task);
        let attempt =
            Attempt::new(identity, cancel.clone(), resume, Some(self.driver.clone()), Arc::clone(&self.driver.places));
        match self.ledger.input_of(task) {
            Ok(input) => {
                let call = StepCall { attempt: attempt.clone(), input };
                let (duration, begun) = (self.driver.meters.duration(planned.name), Instant::now());
                let result = execute(planned, call, self.ledger.origin.trace.clone(), cancel);
                Box::pin(result.map(move |result| {
                    duration.record(begun.elapsed());
                    Ended { task, attempt, result }
                }))
            }
            Err(error) => {
                let result = Err(Failure::permanent(&StepError::permanent(error)));
                Box::pin(std::future::ready(Ended { task, attempt, result }))
            }
        }
    }

    pub(super) async fn ended(&mut self, ended: Ended) {
        let Ended { task, attempt, result } = ended;
        let number = attempt.number();
        if let Some(heard) = self.driver.forget(&attempt) {
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
            Ok(output) => Outcome::Made(output, attempt.take_companions()),
            Err(_) if self.handing_back => Outcome::HandedBack,
            Err(failure) => Outcome::Failed(failure),
        };
        let at = self.driver.clock.now();
        self.happened.push(Happened::Ended { task, attempt: number, outcome, at });
    }

    pub(super) fn hand_back(&mut self) {
        self.handing_back = true;
        self.running.values().for_each(|running| running.cancel.cancel());
    }
}
