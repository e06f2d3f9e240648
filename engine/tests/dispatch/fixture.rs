//! Engines that share a store in memory, as hosts share a database.

use std::{future::Future, sync::Arc, time::Duration};

use stagemark::{
    Builder, Definition, Engine, FromFn, Name, StepError, Timestamp, Workflow, from_fn,
    ports::{Dispatch, Store},
};
use tokio::{
    sync::Mutex,
    time::{sleep, timeout},
};

pub(crate) const INCREASE: Workflow<u32, u32> = Workflow::new("increase");

/// So seldom that what happens within [`soon`] was not found by polling.
pub(crate) const SELDOM: Duration = Duration::from_mins(10);
/// So often that polling alone carries a test.
pub(crate) const OFTEN: Duration = Duration::from_millis(50);

/// An engine that looks into the store this often.
pub(crate) fn engine(store: &(impl Store + Clone), broker: impl Dispatch, poll: Duration) -> Builder {
    Engine::builder(store.clone()).lease(Duration::from_secs(1)).poll(poll).dispatch(broker)
}

/// A workflow of one step, which adds one.
pub(crate) fn increase() -> Definition {
    INCREASE.define(|n| n.then(step(|n| async move { Ok(n + 1) })))
}

/// A step that does this.
pub(crate) fn step<F, Fut>(work: F) -> FromFn<impl Fn(stagemark::Attempt, u32) -> Fut + Send + Sync + 'static, u32, u32>
where
    F: Fn(u32) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<u32, StepError>> + Send,
{
    from_fn(Name::new("increase"), move |_, n| work(n))
}

pub(crate) async fn soon<T>(work: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(30), work).await.expect("it should not take so long")
}

/// Waits until something holds.
pub(crate) async fn until(holds: impl AsyncFn() -> bool) {
    soon(async {
        while !holds().await {
            sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}

/// Waits until no hint is left in the outbox.
pub(crate) async fn until_sent(store: &impl Store) {
    until(async || store.unsent(Timestamp(u64::MAX), 1).await.unwrap().is_empty()).await;
}

/// What happened, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log<T>(Arc<Mutex<Vec<T>>>);

impl<T: Clone> Log<T> {
    pub(crate) async fn note(&self, what: T) {
        self.0.lock().await.push(what);
    }

    pub(crate) async fn all(&self) -> Vec<T> {
        self.0.lock().await.clone()
    }
}
