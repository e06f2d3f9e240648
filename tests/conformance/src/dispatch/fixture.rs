//! What the cases have in common: hints, and waits that end.

use std::{collections::BTreeSet, future::Future, sync::Arc, time::Duration};

use stagemark::{
    Priority, RunId,
    ports::{Delivery, Dispatch, DispatchError, Hint},
};
use tokio::time::{sleep, timeout};

pub(super) const POOL: &str = "default";
/// Long enough for any broker to start again.
const PATIENCE: Duration = Duration::from_mins(1);
/// How long to listen for what must not come.
const SILENCE: Duration = Duration::from_millis(300);

pub(super) fn hint() -> Hint {
    hint_to(POOL)
}

pub(super) fn hint_to(pool: &str) -> Hint {
    Hint {
        run: RunId::new(),
        node: 0,
        workflow: "publish-video".into(),
        version: 1,
        pool: pool.into(),
        priority: Priority::Normal,
        trace: None,
    }
}

pub(super) fn hints(count: usize) -> Vec<Hint> {
    (0..count).map(|_| hint()).collect()
}

/// The runs that hints name.
pub(super) fn runs(hints: &[Hint]) -> BTreeSet<RunId> {
    hints.iter().map(|hint| hint.run).collect()
}

pub(super) fn pools(names: &[&str]) -> Vec<Arc<str>> {
    names.iter().map(|name| Arc::from(*name)).collect()
}

/// What something gives within a minute.
pub(super) async fn soon<T>(what: impl Future<Output = T>) -> T {
    timeout(PATIENCE, what).await.expect("it ends within a minute")
}

/// At least so many deliveries from the default pool; it settles none.
pub(super) async fn receive(client: &impl Dispatch, count: usize) -> Vec<Delivery> {
    receive_from(client, &pools(&[POOL]), count).await
}

pub(super) async fn receive_from(client: &impl Dispatch, pools: &[Arc<str>], count: usize) -> Vec<Delivery> {
    let mut received = Vec::new();
    while received.len() < count {
        received.extend(soon(client.receive(pools, count - received.len())).await.expect("the broker hands out"));
    }
    received
}

/// The hints that were delivered.
pub(super) fn said(deliveries: &[Delivery]) -> Vec<Hint> {
    deliveries.iter().map(|delivery| delivery.hint.clone().expect("it says something")).collect()
}

/// Sees that nothing comes for a while.
pub(super) async fn assert_silence(client: &impl Dispatch) {
    let pools = pools(&[POOL]);
    let received = timeout(SILENCE, client.receive(&pools, 10)).await;
    assert!(received.is_err(), "{received:?} came");
}

/// Does it again until it is done, as those who use a broker do after a fault.
pub(super) async fn again_until_done<T, F>(mut what: impl FnMut() -> F) -> T
where
    F: Future<Output = Result<T, DispatchError>>,
{
    soon(async {
        loop {
            match what().await {
                Ok(done) => return done,
                Err(_) => sleep(Duration::from_millis(50)).await,
            }
        }
    })
    .await
}
