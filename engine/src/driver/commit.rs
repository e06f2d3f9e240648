//! The committer: every write of this process goes through one task, which gathers what is there into one
//! transaction. When idle a write goes at once; under load a commit carries hundreds.

use std::{sync::Arc, time::Instant};

use tokio::sync::{mpsc, oneshot};
use tracing::{Instrument, Span};

use super::stats::Stats;
use crate::{
    ports::{Outcome, Store, StoreError, StoreErrorKind, Write},
    trace,
};

/// The most writes of a transaction: while it is written the rest of the process makes the next one, so that
/// database and engine work side by side.
const BATCH_MAX: usize = 512;
/// How many writes wait before those who bring more have to wait too.
const WAITING_MAX: usize = 4096;

/// Why a write was not made.
#[derive(Clone, Debug)]
pub(crate) enum CommitError {
    Store(Arc<StoreError>),
    /// The engine has shut down.
    Closed,
}

struct Request {
    write: Write,
    /// What it is a part of.
    span: Span,
    reply: oneshot::Sender<Result<Outcome, Arc<StoreError>>>,
}

/// The way to the committer.
#[derive(Debug)]
pub(crate) struct Committer {
    requests: mpsc::Sender<Request>,
}

impl Committer {
    /// The way to a committer, and its work, to be spawned; it ends when the way is dropped.
    pub(crate) fn new(store: Arc<dyn Store>, stats: Arc<Stats>) -> (Self, impl Future<Output = ()> + Send) {
        let (requests, mut waiting) = mpsc::channel(WAITING_MAX);
        let mut desk = Desk { store, stats, failing: false };
        let serve = async move {
            let mut batch = Vec::with_capacity(BATCH_MAX);
            while waiting.recv_many(&mut batch, BATCH_MAX).await > 0 {
                desk.write(std::mem::take(&mut batch)).await;
            }
        };
        (Self { requests }, serve)
    }

    /// Makes a write durable, with whatever else is waiting.
    pub(crate) async fn commit(&self, write: Write) -> Result<Outcome, CommitError> {
        let (reply, answer) = oneshot::channel();
        self.requests.send(Request { write, span: Span::current(), reply }).await.map_err(|_| CommitError::Closed)?;
        answer.await.map_err(|_| CommitError::Closed)?.map_err(CommitError::Store)
    }
}

struct Desk {
    store: Arc<dyn Store>,
    stats: Arc<Stats>,
    failing: bool,
}

impl Desk {
    async fn write(&mut self, batch: Vec<Request>) {
        let many = batch.len();
        let (mut writes, mut spans, mut replies) =
            (Vec::with_capacity(many), Vec::with_capacity(many), Vec::with_capacity(many));
        for Request { write, span, reply } in batch {
            writes.push(write);
            spans.push(span);
            replies.push(reply);
        }
        match self.store(&writes).instrument(trace::of_write(&spans)).await {
            Ok(outcomes) => {
                for (reply, outcome) in replies.into_iter().zip(outcomes) {
                    // Who no longer waits for the answer has no use for it.
                    drop(reply.send(Ok(outcome)));
                }
            }
            Err(error) if writes.len() > 1 && concerns_one(error.kind) => {
                for ((write, span), reply) in writes.into_iter().zip(&spans).zip(replies) {
                    let alone = trace::of_write(std::slice::from_ref(span));
                    let outcome = self.store(&[write]).instrument(alone).await.map(|mut outcomes| outcomes.remove(0));
                    drop(reply.send(outcome));
                }
            }
            Err(error) => {
                for reply in replies {
                    drop(reply.send(Err(Arc::clone(&error))));
                }
            }
        }
    }

    async fn store(&mut self, writes: &[Write]) -> Result<Vec<Outcome>, Arc<StoreError>> {
        let begun = Instant::now();
        match self.store.write(writes).await {
            Ok(outcomes) => {
                self.stats.committed(writes, begun.elapsed());
                if std::mem::take(&mut self.failing) {
                    tracing::info!("the store takes writes again");
                }
                Ok(outcomes)
            }
            Err(error) => {
                if !std::mem::replace(&mut self.failing, true) {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "the store does not take writes; they are tried again"
                    );
                }
                Err(Arc::new(error))
            }
        }
    }
}

/// Whether the error may be the fault of a single write, so that its neighbours are better tried alone.
fn concerns_one(kind: StoreErrorKind) -> bool {
    matches!(kind, StoreErrorKind::Other | StoreErrorKind::Unreadable)
}
