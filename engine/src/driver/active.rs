//! One run in the hands of this worker: execute, decide, commit, and go on, until nothing of it runs here.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use futures::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};
use stagemark_rules::{Status, TaskId, WorkerId};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::{
    Driver,
    clock::Pause,
    commit::CommitError,
    execute::{Ended, Failure, execute},
    interest::Seen,
    ledger::Ledger,
    slots::Slot,
    turn::{Happened, Leasing, Outcome, Turn, is_leased},
};
use crate::{
    Attempt, StepCall, StepError,
    attempt::Identity,
    ports::{self, Change, Hint, NewRun, Record, Write},
};

/// How long a worker that shuts down goes on trying a store that fails.
const LAST_TRIES: Duration = Duration::from_secs(5);

/// What is told to a run that is active here.
#[derive(Debug)]
pub(crate) enum Message {
    /// The store handed the run out again: there may be more to do, and these workers are gone.
    Claimed(Box<Record>, Vec<WorkerId>),
    /// It is to be cancelled; the answer is its status afterwards.
    Cancel(oneshot::Sender<Status>),
    /// Others have ended it.
    Over,
}

/// How a submission went, as far as the run's beginning concerns.
pub(crate) type Born = Result<ports::Outcome, CommitError>;

pub(crate) struct Active {
    driver: Arc<Driver>,
    ledger: Ledger,
    mailbox: mpsc::UnboundedReceiver<Message>,
    /// By task and attempt: one that lost its lease may still be stopping when the next begins.
    running: BTreeMap<(TaskId, u32), Running>,
    ends: FuturesUnordered<BoxFuture<'static, Ended>>,
    happened: Vec<Happened>,
    /// Who asked for it to be cancelled.
    asked: Vec<oneshot::Sender<Status>>,
    spare: Vec<tokio::sync::OwnedSemaphorePermit>,
    stale: bool,
    handing_back: bool,
}

/// An attempt that runs here.
struct Running {
    cancel: CancellationToken,
    slot: Slot,
}

impl Active {
    pub(crate) fn new(driver: Arc<Driver>, ledger: Ledger, mailbox: mpsc::UnboundedReceiver<Message>) -> Self {
        Self {
            driver,
            ledger,
            mailbox,
            running: BTreeMap::new(),
            ends: FuturesUnordered::new(),
            happened: Vec::new(),
            asked: Vec::new(),
            spare: Vec::new(),
            stale: false,
            handing_back: false,
        }
    }

    /// Carries on a run that is stored.
    pub(crate) async fn carry_on(mut self) {
        while self.read_mail() {}
        self.turns().await;
    }

    /// Begins a run that is leased to this worker from the start: its submission is the first commit.
    pub(crate) async fn begin(mut self, run: NewRun, granted: BTreeMap<TaskId, Slot>, born: oneshot::Sender<Born>) {
        let outcome = self.driver.accept(run).await;
        let accepted = matches!(outcome, Ok(ports::Outcome::Accepted));
        let unknown = matches!(outcome, Err(CommitError::Store(_)));
        // Whoever submitted may have gone; the run goes on.
        drop(born.send(outcome));
        // Where it is not known whether it was written: what is stored will tell.
        if accepted || unknown && self.reload().await {
            self.tell_begun();
            self.tell_moved();
            self.start(granted);
            self.wait().await;
            self.turns().await;
        } else {
            self.driver.active.remove(&self.ledger.origin.run);
        }
    }

    async fn turns(&mut self) {
        loop {
            if !self.turn().await {
                self.driver.active.remove(&self.ledger.origin.run);
                return;
            }
            if self.leave() {
                break;
            }
            self.wait().await;
        }
        if self.ledger.status().has_ended() {
            self.publish();
            // What was told to stop keeps its slot until it has.
            while let Some(ended) = self.ends.next().await {
                drop(self.driver.forget(&ended.attempt));
            }
            self.running.clear();
            self.driver.freed();
        }
    }

    /// Decides on what happened and commits it; tells whether the run is still known.
    async fn turn(&mut self) -> bool {
        let mut pause = Pause::default();
        loop {
            if std::mem::take(&mut self.stale) && !self.reload().await {
                return false;
            }
            let turn = self.propose();
            if !turn.changes(&self.ledger) {
                self.adopted(turn.granted);
                return true;
            }
            let (change, hints) = self.change(&turn);
            match self.driver.committer.commit(Write::Change(change.clone())).await {
                Ok(ports::Outcome::Accepted) => {
                    if self.ledger.status() == Status::Queued {
                        self.tell_begun();
                    }
                    let queued = change.row.as_ref().is_some_and(|row| !row.queue.is_empty());
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
                Err(CommitError::Store(_)) if self.has_time(&pause) => {
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
        let plan = &self.ledger.plan;
        let Some(row) = &mut change.row else { return (change, Vec::new()) };
        let hints =
            self.driver.relay.hints(&self.ledger.origin, (plan.version, |node| plan.pool_of(node)), &row.queue, now);
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

    fn start(&mut self, granted: BTreeMap<TaskId, Slot>) {
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
                let result = execute(planned.service, call, planned.options, cancel);
                Box::pin(result.map(move |result| Ended { task, attempt, result }))
            }
            Err(error) => {
                let result = Err(Failure::permanent(&StepError::permanent(error)));
                Box::pin(std::future::ready(Ended { task, attempt, result }))
            }
        }
    }

    /// Waits until something happens, and gathers what else has.
    async fn wait(&mut self) {
        let expired = self.driver.expired.clone();
        tokio::select! {
            biased;
            Some(ended) = self.ends.next() => self.ended(ended).await,
            Some(message) = self.mailbox.recv() => self.told(message),
            () = expired.cancelled(), if !self.handing_back => self.hand_back(),
            else => {}
        }
        while let Some(Some(ended)) = self.ends.next().now_or_never() {
            self.ended(ended).await;
        }
        while self.read_mail() {}
    }

    fn read_mail(&mut self) -> bool {
        self.mailbox.try_recv().map(|message| self.told(message)).is_ok()
    }

    fn told(&mut self, message: Message) {
        match message {
            Message::Cancel(asked) => {
                self.asked.push(asked);
                self.happened.push(Happened::Cancelled);
            }
            Message::Claimed(record, lapsed) => {
                self.stale |= record.revision > self.ledger.revision;
                self.happened.push(Happened::Lapsed(lapsed));
            }
            Message::Over => self.stale = true,
        }
    }

    async fn ended(&mut self, ended: Ended) {
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

    fn hand_back(&mut self) {
        self.handing_back = true;
        self.running.values().for_each(|running| running.cancel.cancel());
    }

    /// Takes the run as it is stored; tells whether it is.
    async fn reload(&mut self) -> bool {
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
                    if !self.has_time(&pause) {
                        return false;
                    }
                    pause.wait().await;
                }
            }
        }
    }

    /// Whether a store that fails is tried again: always, but when the worker shuts down, for a while.
    fn has_time(&self, pause: &Pause) -> bool {
        !self.driver.expired.is_cancelled() || pause.total() < LAST_TRIES
    }

    /// Leaves the run if nothing of it runs here and nobody has written to it.
    fn leave(&mut self) -> bool {
        let over = self.ledger.status().has_ended();
        if !(over || self.running.is_empty()) {
            return false;
        }
        let mailbox = &self.mailbox;
        self.driver.active.remove_if(&self.ledger.origin.run, |_, _| mailbox.is_empty()).is_some()
    }

    fn tell_begun(&self) {
        tracing::info!(run = %self.ledger.origin.run, workflow = %self.ledger.origin.workflow, "run begun");
    }

    fn tell_moved(&self) {
        if let Some(live) = &self.driver.live {
            live.moved(self.ledger.origin.run, self.ledger.status());
        }
    }

    fn publish(&self) {
        let end = self.ledger.end();
        let (run, workflow) = (self.ledger.origin.run, &self.ledger.origin.workflow);
        tracing::info!(%run, %workflow, status = %end.status, "run ended");
        self.driver.interest.tell(run, Seen::Ended(Arc::new(end)));
    }
}
