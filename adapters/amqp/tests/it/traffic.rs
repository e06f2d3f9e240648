//! Hints that are published and received all the time, and what became of them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use stagemark::{RunId, ports::Dispatch};
use stagemark_amqp::AmqpDispatch;
use tokio::{
    task::JoinSet,
    time::{Instant, sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::fixture::{hint, pools};

const BATCH: usize = 5;
const PACE: Duration = Duration::from_millis(10);
const PATIENCE: Duration = Duration::from_mins(1);

/// A publisher and a receiver, each with a client of its own.
#[derive(Debug)]
pub(crate) struct Traffic {
    seen: Arc<Mutex<Seen>>,
    no_more: CancellationToken,
    _tasks: JoinSet<()>,
}

#[derive(Debug, Default)]
struct Seen {
    /// What the broker has confirmed, and when it was sent.
    confirmed: BTreeMap<RunId, Instant>,
    received: BTreeSet<RunId>,
    refused: u32,
    /// What the publisher was told last.
    last_refusal: String,
}

impl Seen {
    fn trouble(&self) -> (usize, String) {
        let missing = self.confirmed.keys().filter(|run| !self.received.contains(run)).count();
        (missing, self.last_refusal.clone())
    }
}

impl Traffic {
    pub(crate) fn between(publisher: AmqpDispatch, receiver: AmqpDispatch) -> Self {
        let (seen, no_more) = (Arc::<Mutex<Seen>>::default(), CancellationToken::new());
        let mut tasks = JoinSet::new();
        tasks.spawn(publish(publisher, Arc::clone(&seen), no_more.clone()));
        tasks.spawn(receive(receiver, Arc::clone(&seen)));
        Self { seen, no_more, _tasks: tasks }
    }

    /// Waits until so many more have come through.
    pub(crate) async fn flows(&self, count: usize) {
        let before = self.seen().received.len();
        self.until("hints come through", |seen| seen.received.len() >= before + count).await;
    }

    /// Waits until the publisher is refused, for this reason.
    pub(crate) async fn is_refused(&self, reason: &str) {
        self.until("the publisher is refused", |seen| seen.last_refusal.contains(reason)).await;
    }

    /// Waits until a hint comes through that was sent after a fault was over; tells how long that took.
    pub(crate) async fn recovers(&self, over: Instant) -> Duration {
        self.until("a hint comes through after the fault", |seen| {
            seen.confirmed.iter().any(|(run, sent)| *sent > over && seen.received.contains(run))
        })
        .await;
        over.elapsed()
    }

    /// Stops publishing, and sees that all comes that the broker confirmed, after this moment if one is given.
    pub(crate) async fn loses_nothing(&self, since: Option<Instant>) {
        self.no_more.cancel();
        let is_due = |sent: &Instant| since.is_none_or(|since| *sent > since);
        self.until("all that was confirmed comes", |seen| {
            seen.confirmed.iter().all(|(run, sent)| !is_due(sent) || seen.received.contains(run))
        })
        .await;
        let seen = self.seen();
        println!("{} confirmed, {} received, {} refusals", seen.confirmed.len(), seen.received.len(), seen.refused);
    }

    async fn until(&self, what: &str, is_so: impl Fn(&Seen) -> bool) {
        let waiting = async {
            while !is_so(&self.seen()) {
                sleep(PACE).await;
            }
        };
        if timeout(PATIENCE, waiting).await.is_err() {
            let (missing, refusal) = self.seen().trouble();
            panic!("not within a minute: {what}; {missing} hints are missing; last refusal: {refusal}");
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap()
    }
}

async fn publish(client: AmqpDispatch, seen: Arc<Mutex<Seen>>, no_more: CancellationToken) {
    while !no_more.is_cancelled() {
        let (hints, sent) = ([(); BATCH].map(|()| hint()), Instant::now());
        match client.publish(&hints).await {
            Ok(()) => seen.lock().unwrap().confirmed.extend(hints.iter().map(|hint| (hint.run, sent))),
            Err(error) => {
                let mut seen = seen.lock().unwrap();
                seen.refused += 1;
                seen.last_refusal = format!("{}: {}", error, error.source);
            }
        }
        sleep(PACE).await;
    }
}

async fn receive(client: AmqpDispatch, seen: Arc<Mutex<Seen>>) {
    let pools = pools();
    loop {
        let Ok(received) = client.receive(&pools, 64).await else {
            sleep(PACE).await;
            continue;
        };
        let runs = received.iter().filter_map(|delivery| delivery.hint.as_ref()).map(|hint| hint.run);
        seen.lock().unwrap().received.extend(runs);
        // What could not be settled comes again.
        drop(client.settle(received).await);
    }
}
