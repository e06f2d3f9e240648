//! What hears hints: claims the runs that they name, where there is room for them.
//!
//! A hint is settled once the claim that it asked for is committed, not when the step is done: from then on the lease
//! protects the run. One that names nothing that is served, or nothing that is due any more, is settled all the same:
//! the queue is the truth.

use std::sync::Arc;

use tokio::time::sleep;
use tracing::Instrument;

use super::{Driver, claim, clock::Pause};
use crate::{
    ports::{Delivery, Dispatch},
    trace,
};

/// The most hints that are claimed by one look.
const HINTS_MAX: usize = 256;

pub(super) async fn listen(driver: Arc<Driver>, dispatch: Arc<dyn Dispatch>) {
    let mut trouble = Pause::default();
    let mut failing = false;
    loop {
        let received = tokio::select! {
            () = driver.closing.cancelled() => return,
            received = receive(&driver, dispatch.as_ref()) => received,
        };
        match received {
            Ok(deliveries) => {
                trouble = Pause::default();
                driver.meters.hints_received.increment(deliveries.len() as u64);
                if std::mem::take(&mut failing) {
                    tracing::info!("the broker hands out hints again");
                }
                let span = tracing::debug_span!("receive", hints = deliveries.len(), otel.kind = "consumer");
                let hints = deliveries.iter().filter_map(|delivery| delivery.hint.as_ref());
                trace::concern(&span, hints.map(|hint| hint.trace.as_deref()));
                if !heed(&driver, &deliveries).instrument(span).await {
                    return;
                }
                if let Err(error) = dispatch.settle(deliveries).await {
                    // They come again, and then name nothing that is still to be claimed.
                    tracing::debug!(error = &error as &dyn std::error::Error, "hints were not settled");
                }
            }
            Err(error) => {
                if !std::mem::replace(&mut failing, true) {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, "the broker hands out no hints; the queue is looked into meanwhile");
                }
                tokio::select! {
                    () = driver.closing.cancelled() => return,
                    () = sleep(trouble.next()) => {}
                }
            }
        }
    }
}

/// Waits for room, and then for hints: those that nobody has room for here are left to others.
async fn receive(driver: &Driver, dispatch: &dyn Dispatch) -> Result<Vec<Delivery>, crate::ports::DispatchError> {
    driver.slots.room().await;
    let room = usize::try_from(driver.slots.free_in_all()).unwrap_or(usize::MAX);
    dispatch.receive(&driver.pools, room.clamp(1, HINTS_MAX)).await
}

/// Claims what the hints name, however long the store is away; tells whether it did before the worker shut down.
async fn heed(driver: &Arc<Driver>, deliveries: &[Delivery]) -> bool {
    if deliveries.iter().any(|delivery| delivery.hint.is_none()) {
        driver.look();
    }
    let hinted: Vec<_> = deliveries.iter().filter_map(|delivery| delivery.hint.as_ref()).map(|hint| hint.run).collect();
    if hinted.is_empty() {
        return true;
    }
    let mut trouble = Pause::default();
    loop {
        let Err(error) = claim::hinted(driver, hinted.clone()).await else { return true };
        tracing::debug!(error = &error as &dyn std::error::Error, "hinted runs were not claimed; it is tried again");
        tokio::select! {
            () = driver.closing.cancelled() => return false,
            () = sleep(trouble.next()) => {}
        }
    }
}
