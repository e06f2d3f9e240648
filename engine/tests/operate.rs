//! Runs that are watched by their ids.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use futures::{StreamExt, pin_mut};
use stagemark::{Engine, MemoryStore, Name, Status, Workflow, from_fn};

const ENDLESS: Workflow<u32, u32> = Workflow::new("endless");

#[tokio::test]
async fn who_comes_back_after_the_end_is_told_of_it() {
    let wait = from_fn(Name::new("wait"), |attempt, n: u32| async move {
        attempt.cancelled().await;
        Ok(n)
    });
    let engine = Engine::builder(MemoryStore::new()).serve(ENDLESS.define(|n| n.then(wait))).start().await.unwrap();
    let run = engine.submit(ENDLESS, 1).await.unwrap();
    let statuses = engine.watch_run(run.id());
    pin_mut!(statuses);
    let first = statuses.next().await.unwrap().unwrap();

    run.cancel().await.unwrap();
    assert!(run.result().await.is_err(), "it was cancelled");
    let second = statuses.next().await.unwrap().unwrap();

    assert!(!first.status.has_ended());
    assert_eq!(second.status, Status::Cancelled);
    assert!(statuses.next().await.is_none());
}
