//! One run in the hands of this worker: execute, decide, commit, and go on, until nothing of it runs here.

mod attempts;
mod deciding;

use std::{collections::BTreeMap, sync::Arc};

use futures::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};
use stagemark_rules::{Status, TaskId, WorkerId, claimable};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, timeout_at},
};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::{
    Driver,
    commit::CommitError,
    execute::Ended,
    interest::Seen,
    ledger::{Ledger, Origin},
    meters::AttemptEnd,
    slots::{Slot, Spare},
    turn::Happened,
};
use crate::{
    ports::{self, NewRun, Record},
    trace,
};

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
    spare: Vec<Spare>,
    /// Until when its places in the queue are kept from other workers, where it was claimed.
    reserved: Option<Instant>,
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
            reserved: None,
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
        let outcome = self.driver.accept(run).instrument(self.committing()).await;
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
            if self.waits_for_slot().await {
                continue;
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
                let end = if ended.result.is_ok() { AttemptEnd::Late } else { AttemptEnd::Stopped };
                let ends: Vec<_> = ended.attempt.tasks().map(|task| (task.node, end)).collect();
                self.driver.meters.ended(&self.ledger.plan, &ends);
            }
            self.running.clear();
            self.driver.freed();
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

    /// Where it was claimed for a slot that others took first: waits for another, as long as it is reserved. Tells
    /// whether there may be one now, or news.
    async fn waits_for_slot(&mut self) -> bool {
        if !self.running.is_empty() || self.driver.closing.is_cancelled() {
            return false;
        }
        let Some(reserved) = self.reserved.filter(|until| *until > Instant::now()) else { return false };
        let (now, plan) = (self.driver.clock.now(), &self.ledger.plan);
        let due = claimable(&plan.shape, &self.ledger.run).find_map(|(task, due)| {
            let tasks = self.ledger.run.leased_with(&plan.shape, task);
            plan.attempt_at(task, tasks).filter(|_| due <= now).map(|planned| Arc::clone(&planned.slots))
        });
        let Some(steps) = due else { return false };
        tokio::select! {
            biased;
            Some(message) = self.mailbox.recv() => self.told(message),
            room = timeout_at(reserved, self.driver.slots.room_for(&steps)) => {
                let Ok(room) = room else { return false };
                self.spare.extend(room);
            }
        }
        true
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
                self.reserved = Some(Instant::now() + self.driver.settings.poll);
                self.happened.push(Happened::Lapsed(lapsed));
            }
            Message::Over => self.stale = true,
        }
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
        let Origin { run, workflow, trace, .. } = &self.ledger.origin;
        tracing::info!(%run, %workflow, trace = trace.as_deref().and_then(trace::id), "run begun");
    }

    fn tell_moved(&self) {
        if let Some(live) = &self.driver.live {
            live.moved(self.ledger.origin.run, self.ledger.status());
        }
    }

    fn publish(&self) {
        let end = self.ledger.end();
        let Origin { run, workflow, trace, .. } = &self.ledger.origin;
        let trace = trace.as_deref().and_then(trace::id);
        tracing::info!(%run, %workflow, trace, status = %end.status, "run ended");
        self.driver.meters.run_ended(workflow, end.status);
        self.driver.interest.tell(*run, Seen::Ended(Arc::new(end)));
    }
}
