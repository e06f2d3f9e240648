//! Several workers on one database file.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use futures::future::join_all;
use stagemark::{Attempt, Engine, RunError, Status};
use tokio::sync::Notify;

use crate::{
    all_kinds::ALL_KINDS,
    fixture::{Fixture, ONE_STEP, finish, one_step, until},
    kill::{Worker, assert_all_whole, count_commits},
};

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_share_the_runs_of_one_file() {
    let fixture = Fixture::new();
    count_commits(&fixture).await;

    let workers = [Worker::start(fixture.path(), 40), Worker::start(fixture.path(), 40)];
    for worker in workers {
        worker.finish().await;
    }

    assert_all_whole(&fixture, 40).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn racing_submissions_of_two_engines_with_one_key_are_one_run() {
    let count = Arc::new(AtomicUsize::new(0));
    let fixture = Fixture::new();
    let serve = || {
        let count = Arc::clone(&count);
        one_step(move |_, n| {
            count.fetch_add(1, SeqCst);
            async move { Ok(n) }
        })
    };
    let engines = [fixture.serve(serve()).await, fixture.serve(serve()).await];

    let submit = |engine: &Engine, n: usize| engine.submit(ONE_STEP, 1).key(format!("key-{}", n % 10)).into_future();
    let submissions: Vec<_> = (0..100).map(|n| submit(&engines[n % 2], n / 2)).collect();
    for run in join_all(submissions).await {
        assert_eq!(run.unwrap().result().await.unwrap(), 1);
    }

    assert_eq!(count.load(SeqCst), 10);
    for engine in engines {
        finish(engine).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_watched_and_cancelled_from_another_engine() {
    let stopped = Arc::new(Notify::new());
    let stopping = Arc::clone(&stopped);
    let fixture = Fixture::new();
    let works = fixture
        .serve(one_step(move |attempt: Attempt, n| {
            let stopping = Arc::clone(&stopping);
            async move {
                attempt.progress(0.25, "a quarter");
                attempt.cancelled().await;
                stopping.notify_one();
                Ok(n)
            }
        }))
        .await;
    let watches = fixture.serve(one_step(|_, _| async move { panic!("it runs elsewhere") })).await;
    let id = works.submit(ONE_STEP, 1).await.unwrap().id();
    let seen = watches.attach(ONE_STEP, id).await.unwrap();
    until("progress is seen", || async { seen.status().await.unwrap().tasks[0].fraction > 0.2 }).await;

    assert_eq!(seen.cancel().await.unwrap(), Status::Cancelled);

    tokio::time::timeout(Duration::from_secs(5), stopped.notified()).await.expect("it is told within a heartbeat");
    assert!(matches!(seen.result().await, Err(RunError::Cancelled)));
    finish(works).await;
    finish(watches).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_made_elsewhere_is_waited_for() {
    let fixture = Fixture::new();
    let go_on = Arc::new(Notify::new());
    let wait = Arc::clone(&go_on);
    let works = fixture
        .serve(one_step(move |_, n| {
            let wait = Arc::clone(&wait);
            async move {
                wait.notified().await;
                Ok(n * 2)
            }
        }))
        .await;
    let waits = fixture.serve(one_step(|_, _| async move { panic!("it runs elsewhere") })).await;
    let id = works.submit(ONE_STEP, 21).await.unwrap().id();
    let run = waits.attach(ONE_STEP, id).await.unwrap();

    let result = tokio::spawn(async move { run.result().await.unwrap() });
    go_on.notify_one();

    assert_eq!(result.await.unwrap(), 42);
    finish(works).await;
    finish(waits).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_engine_of_the_test_sees_what_a_process_made() {
    let fixture = Fixture::new();
    Worker::start(fixture.path(), 3).finish().await;

    let engine = fixture.serve(crate::all_kinds::all_kinds()).await;

    let run = engine.submit(ALL_KINDS, 1).key("run-1").await.unwrap();
    assert_eq!(run.status().await.unwrap().status, Status::Ready);
    finish(engine).await;
}
