//! Waiting for what comes in its own time.

use std::time::Duration;

use tokio::time::{sleep, timeout};

const PATIENCE: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(5);

/// Waits until something holds.
pub(crate) async fn until(mut holds: impl AsyncFnMut() -> bool) {
    let held = timeout(PATIENCE, async {
        while !holds().await {
            sleep(LOOK).await;
        }
    });
    assert!(held.await.is_ok(), "it did not come within {PATIENCE:?}");
}
