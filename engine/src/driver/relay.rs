//! The relay: carries committed hints to the broker, in batches, at least once.
//!
//! A hint leaves the outbox only after the broker has confirmed it; a crash between the two sends it twice, and the
//! claim makes the second harmless. What was committed here is sent at once, from memory; what others left behind in
//! the outbox is looked for now and then.

use std::{sync::Arc, time::Duration};

use stagemark_rules::Timestamp;
use tokio::{
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    time::{Instant, sleep, sleep_until},
};
use tracing::Instrument;

use super::{
    Driver,
    clock::{Pause, jittered},
    ledger::Origin,
};
use crate::{
    Name,
    ports::{Dispatch, DispatchError, Hint, QueueEntry},
    trace,
};

/// The most hints of one publication.
const BATCH_MAX: usize = 512;
/// How long a hint is left to those who wrote it.
const LEFT_BEHIND: Duration = Duration::from_secs(2);
/// How many polls pass between two looks for what others left behind.
const POLLS: u32 = 5;
/// How soon to look again where there was more than one publication takes: what is new goes out in between.
const MORE: Duration = Duration::from_millis(20);

/// The way to the relay.
#[derive(Debug)]
pub(crate) struct Relay {
    dispatch: Option<Arc<dyn Dispatch>>,
    hints: UnboundedSender<Vec<Hint>>,
}

impl Relay {
    /// The way to a relay, and where it is read.
    pub(crate) fn new(dispatch: Option<Arc<dyn Dispatch>>) -> (Self, UnboundedReceiver<Vec<Hint>>) {
        let (hints, waiting) = unbounded_channel();
        (Self { dispatch, hints }, waiting)
    }

    pub(super) fn dispatch(&self) -> Option<Arc<dyn Dispatch>> {
        self.dispatch.clone()
    }

    /// The hints that tell of these places in the queue, as far as they are due.
    pub(crate) fn hints(
        &self,
        origin: &Origin,
        pools: impl Fn(u16) -> Name,
        queue: &[QueueEntry],
        now: Timestamp,
    ) -> Vec<Hint> {
        if self.dispatch.is_none() {
            return Vec::new();
        }
        let due = queue.iter().filter(|entry| entry.due <= now);
        let hint = |entry: &QueueEntry| Hint {
            run: origin.run,
            node: entry.node,
            workflow: Arc::clone(&origin.workflow),
            version: origin.version,
            pool: Arc::from(pools(entry.node).as_str()),
            priority: origin.priority,
            trace: origin.trace.clone(),
        };
        due.map(hint).collect()
    }

    /// Those of the hints that are to be written with what they tell of.
    pub(crate) fn outbox(&self, hints: &[Hint]) -> Vec<Hint> {
        let needed = self.dispatch.as_ref().is_some_and(|dispatch| dispatch.needs_outbox());
        if needed { hints.to_vec() } else { Vec::new() }
    }

    /// Sends hints whose writing is committed.
    pub(super) fn send(&self, hints: Vec<Hint>) {
        if self.dispatch.is_some() && !hints.is_empty() {
            // It has ended where the worker has; then others find what it left.
            let _ended = self.hints.send(hints);
        }
    }
}

/// The work of the relay, until the worker is at its end.
pub(super) async fn relay(driver: Arc<Driver>, dispatch: Arc<dyn Dispatch>, mut waiting: UnboundedReceiver<Vec<Hint>>) {
    let mut trouble = Pause::default();
    let mut failing = false;
    let mut look = next_look(&driver);
    loop {
        let hints = tokio::select! {
            biased;
            // By a moment, not a wait: under load there is always something new.
            () = sleep_until(look), if dispatch.needs_outbox() => {
                let found = left_behind(&driver).await;
                look = if found.len() < BATCH_MAX { next_look(&driver) } else { Instant::now() + MORE };
                found
            }
            Some(hints) = waiting.recv() => gather(hints, &mut waiting),
            () = driver.over.cancelled() => return,
        };
        if hints.is_empty() {
            continue;
        }
        match publish(&driver, dispatch.as_ref(), &hints).await {
            Ok(()) => {
                trouble = Pause::default();
                if std::mem::take(&mut failing) {
                    tracing::info!("the broker takes hints again");
                }
            }
            Err(error) => {
                if !std::mem::replace(&mut failing, true) {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, "the broker takes no hints; workers look into the queue meanwhile");
                }
                tokio::select! {
                    () = driver.over.cancelled() => return,
                    () = sleep(trouble.next()) => {}
                }
                // They are in the outbox, and would only grow stale here; what is oldest there is tried next.
                while waiting.try_recv().is_ok() {}
                look = Instant::now();
            }
        }
    }
}

fn next_look(driver: &Driver) -> Instant {
    Instant::now() + jittered(driver.settings.poll * POLLS)
}

fn gather(mut hints: Vec<Hint>, waiting: &mut UnboundedReceiver<Vec<Hint>>) -> Vec<Hint> {
    while hints.len() < BATCH_MAX
        && let Ok(more) = waiting.try_recv()
    {
        hints.extend(more);
    }
    hints
}

async fn left_behind(driver: &Driver) -> Vec<Hint> {
    let before = Timestamp(driver.clock.now().0.saturating_sub(millis(LEFT_BEHIND)));
    let limit = u32::try_from(BATCH_MAX).unwrap_or(u32::MAX);
    driver.store.unsent(before, limit).await.unwrap_or_else(|error| {
        tracing::debug!(error = &error as &dyn std::error::Error, "the outbox was not read; it is tried again");
        Vec::new()
    })
}

async fn publish(driver: &Driver, dispatch: &dyn Dispatch, hints: &[Hint]) -> Result<(), DispatchError> {
    let span = tracing::debug_span!(parent: None, "publish", hints = hints.len(), otel.kind = "producer");
    trace::concern(&span, hints.iter().map(|hint| hint.trace.as_deref()));
    dispatch.publish(hints).instrument(span.clone()).await?;
    driver.meters.hints_published.increment(hints.len() as u64);
    if dispatch.needs_outbox()
        && let Err(error) = driver.store.sent(hints).instrument(span).await
    {
        tracing::debug!(error = &error as &dyn std::error::Error, "hints stay in the outbox and are sent again");
    }
    Ok(())
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
