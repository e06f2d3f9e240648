//! A worker that stops, and one that takes up what it left.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use stagemark::{Definition, Name, Status, Step, SubmitError, Workflow, from_fn};
use tokio::sync::Notify;

use crate::{
    fixture::{Fixture, ONE_STEP, ONLY, finish, one_step},
    kill::left_in_scratch,
};

const TWO: Workflow<u32, u32> = Workflow::new("two-steps");

/// A first step that waits to be let go, and a second that adds one.
fn two(begun: Arc<Notify>, go_on: Arc<Notify>) -> Definition {
    let first = from_fn(Name::new("first"), move |_, n: u32| {
        let (begun, go_on) = (Arc::clone(&begun), Arc::clone(&go_on));
        async move {
            begun.notify_one();
            go_on.notified().await;
            Ok(n)
        }
    });
    TWO.define(|n| n.then(first).then(from_fn(Name::new("second"), |_, n: u32| async move { Ok(n + 1) })))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_runs_gets_its_grace_and_what_follows_is_left_to_the_next_worker() {
    let (begun, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let fixture = Fixture::new();
    let engine = fixture.serve(two(Arc::clone(&begun), Arc::clone(&go_on))).await;
    let run = engine.submit(TWO, 1).await.unwrap();
    begun.notified().await;

    let stopping = tokio::spawn({
        let engine = engine.clone();
        async move { engine.shutdown(Duration::from_secs(20)).await }
    });
    go_on.notify_one();
    stopping.await.unwrap();

    assert!(matches!(engine.submit(TWO, 2).await, Err(SubmitError::Closed)));
    let again = fixture.serve(two(begun, go_on)).await;
    let run = again.attach(TWO, run.id()).await.unwrap();
    assert_eq!(run.result().await.unwrap(), 2);
    let attempts: Vec<_> = run.status().await.unwrap().tasks.iter().map(|task| task.attempt).collect();
    assert_eq!(attempts, [1, 1], "nothing was tried twice");
    finish(again).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_that_is_handed_back_costs_no_attempt_of_the_policy() {
    let (begun, hang) = (Arc::new(Notify::new()), Arc::new(AtomicBool::new(true)));
    let definition = || {
        let (begun, hang) = (Arc::clone(&begun), Arc::clone(&hang));
        let step = from_fn(ONLY, move |attempt: stagemark::Attempt, n: u32| {
            let (begun, hang) = (Arc::clone(&begun), Arc::clone(&hang));
            async move {
                begun.notify_one();
                if hang.load(SeqCst) {
                    attempt.cancelled().await;
                    return Err("told to stop".into());
                }
                Ok(n)
            }
        });
        ONE_STEP.define(|n| n.then(step.attempts(1)))
    };
    let fixture = Fixture::new();
    let engine = fixture.serve(definition()).await;
    let run = engine.submit(ONE_STEP, 4).await.unwrap();
    begun.notified().await;
    engine.shutdown(Duration::ZERO).await;
    assert_eq!(run.status().await.unwrap().status, Status::Running);

    hang.store(false, SeqCst);
    let again = fixture.serve(definition()).await;

    let run = again.attach(ONE_STEP, run.id()).await.unwrap();
    assert_eq!(run.result().await.unwrap(), 4);
    finish(again).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_is_dropped_leaves_its_runs_to_the_next() {
    let (begun, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let fixture = Fixture::new();
    let engine = fixture.serve(two(Arc::clone(&begun), Arc::clone(&go_on))).await;
    let id = engine.submit(TWO, 1).await.unwrap().id();
    begun.notified().await;
    drop(engine);

    let again = fixture.serve(two(Arc::clone(&begun), Arc::clone(&go_on))).await;
    begun.notified().await;
    go_on.notify_one();

    assert_eq!(again.attach(TWO, id).await.unwrap().result().await.unwrap(), 2);
    finish(again).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn scratch_folders_are_gone_when_the_engine_is() {
    let fixture = Fixture::new();
    let engine = fixture
        .serve(one_step(|attempt, n| async move {
            let scratch = attempt.scratch().await?;
            tokio::fs::write(scratch.file("x"), "x").await?;
            Ok(n)
        }))
        .await;
    engine.submit(ONE_STEP, 1).await.unwrap().result().await.unwrap();
    finish(engine).await;

    assert_eq!(left_in_scratch(&fixture), [] as [String; 0]);
}
