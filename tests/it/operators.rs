//! What operators ask of any engine, whatever it serves: status, progress, cancel, redrive, pages, forget.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::SeqCst},
};

use futures::{StreamExt, pin_mut};
use stagemark::{
    Definition, Engine, ForgetError, Permanent, RedriveError, RunError, RunFilter, RunId, Status, TaskState,
};
use stagemark_sql::SqlStore;

use crate::fixture::{Fixture, ONE_STEP, finish, one_step};

/// An engine that serves nothing, as one in an API host.
async fn desk(fixture: &Fixture) -> Engine {
    Engine::builder(SqlStore::open(&fixture.url()).await.unwrap()).start().await.unwrap()
}

/// A step that fails for good until it is mended.
fn broken(mended: &Arc<AtomicBool>) -> Definition {
    let mended = Arc::clone(mended);
    one_step(move |_, n| {
        let mended = mended.load(SeqCst);
        async move { if mended { Ok(n * 2) } else { Err("line one\nline two").permanent() } }
    })
}

/// A step that goes on until it is told to stop.
fn endless() -> Definition {
    one_step(|attempt, n| async move {
        attempt.cancelled().await;
        Ok(n)
    })
}

async fn failed(engine: &Engine) -> RunId {
    let run = engine.submit(ONE_STEP, 21).await.unwrap();
    assert!(matches!(run.result().await, Err(RunError::Failed(_))));
    run.id()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_watched_and_cancelled_by_its_id_alone() {
    let fixture = Fixture::new();
    let (worker, desk) = (fixture.serve(endless()).await, desk(&fixture).await);
    let run = worker.submit(ONE_STEP, 1).await.unwrap().id();
    let statuses = desk.watch_run(run);
    pin_mut!(statuses);
    let first = statuses.next().await.unwrap().unwrap();

    assert_eq!(desk.cancel_run(run).await.unwrap(), Status::Cancelled);

    assert_eq!((&*first.workflow, first.version, first.status), ("one-step", 1, Status::Running));
    let mut last = first;
    while let Some(status) = statuses.next().await {
        last = status.unwrap();
    }
    assert_eq!(last.status, Status::Cancelled);
    assert_eq!(desk.status_of(run).await.unwrap().tasks[0].state, TaskState::Cancelled);
    finish(worker).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_run_is_redriven_once_however_often_it_is_asked_for() {
    let (fixture, mended) = (Fixture::new(), Arc::new(AtomicBool::new(false)));
    let (worker, desk) = (fixture.serve(broken(&mended)).await, desk(&fixture).await);
    let first = failed(&worker).await;
    mended.store(true, SeqCst);

    let (one, other) = tokio::join!(desk.redrive(first), worker.redrive(first));

    let second = one.unwrap();
    assert_eq!(other.unwrap(), second);
    assert_ne!(second, first);
    let run = worker.attach(ONE_STEP, second).await.unwrap();
    assert_eq!(run.result().await.unwrap(), 42);
    assert_eq!(desk.status_of(first).await.unwrap().status, Status::Failed);
    finish(worker).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_run_is_redriven_and_no_other() {
    let fixture = Fixture::new();
    let worker = fixture.serve(endless()).await;
    let run = worker.submit(ONE_STEP, 1).await.unwrap();

    let refused = worker.redrive(run.id()).await;
    run.cancel().await.unwrap();
    let second = worker.redrive(run.id()).await.unwrap();

    let Err(RedriveError::NotStopped { status, .. }) = refused else { panic!("{refused:?}") };
    assert!(!status.has_ended());
    assert!(matches!(worker.redrive(RunId::new()).await, Err(RedriveError::Unknown(_))));
    assert_eq!(worker.cancel_run(second).await.unwrap(), Status::Cancelled);
    finish(worker).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_are_found_by_status_with_the_first_line_of_their_error() {
    let (fixture, mended) = (Fixture::new(), Arc::new(AtomicBool::new(false)));
    let worker = fixture.serve(broken(&mended)).await;
    let runs = [failed(&worker).await, failed(&worker).await];
    mended.store(true, SeqCst);
    worker.submit(ONE_STEP, 1).await.unwrap().result().await.unwrap();

    let stopped = RunFilter::new().statuses([Status::Failed, Status::Cancelled]).workflow("one-step").limit(1);
    let first = worker.runs(&stopped).await.unwrap();
    let second = worker.runs(&stopped.clone().before(first.next.unwrap())).await.unwrap();

    assert_eq!((first.runs[0].run, second.runs[0].run), (runs[1], runs[0]));
    assert_eq!(first.runs[0].error.as_deref(), Some("step only failed at attempt 1: line one"));
    assert!(first.runs[0].ended.unwrap() >= first.runs[0].submitted);
    assert_eq!(worker.runs(&RunFilter::new()).await.unwrap().runs.len(), 3);
    finish(worker).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_has_ended_is_forgotten_for_good() {
    let fixture = Fixture::new();
    let worker = fixture.serve(endless()).await;
    let run = worker.submit(ONE_STEP, 1).key("mine").await.unwrap();

    let refused = worker.forget(run.id()).await;
    run.cancel().await.unwrap();
    worker.forget(run.id()).await.unwrap();

    assert!(matches!(refused, Err(ForgetError::NotEnded { .. })), "{refused:?}");
    assert!(matches!(worker.status_of(run.id()).await, Err(RunError::Unknown(_))));
    assert!(matches!(worker.forget(run.id()).await, Err(ForgetError::Unknown(_))));
    let second = worker.submit(ONE_STEP, 2).key("mine").await.unwrap();
    assert_eq!(second.cancel().await.unwrap(), Status::Cancelled);
    finish(worker).await;
}
