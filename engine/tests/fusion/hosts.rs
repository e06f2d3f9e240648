//! Hosts that fuse, and hosts that do not, on the same runs.

use std::{
    sync::{Arc, atomic::Ordering::SeqCst},
    time::Duration,
};

use stagemark::{Engine, MemoryStore, Run, TaskState};

use crate::{
    numbers::{Desk, Fault, SUM, builder, finish, soon, sum, tasks},
    store::Watched,
};

/// A run whose pass is held by a worker that then shuts down.
async fn handed_back(store: &MemoryStore, desk: &Arc<Desk>) -> stagemark::RunId {
    let engine = builder(store.clone()).serve(sum(desk)).start().await.unwrap();
    let run = engine.submit(SUM, "20".to_owned()).await.unwrap();
    soon(desk.held.notified()).await;
    engine.shutdown(Duration::ZERO).await;
    run.id()
}

#[tokio::test]
async fn a_host_that_does_not_fuse_goes_on_with_the_steps_of_a_pass() {
    let (desk, store) = (Desk::with([Fault::Held]), MemoryStore::new());
    let run = handed_back(&store, &desk).await;

    let plain = builder(store).serve(sum(&desk)).fusion(false).start().await.unwrap();
    let run = plain.attach(SUM, run).await.unwrap();

    assert_eq!(soon(run.result()).await.unwrap(), 42);
    assert_eq!(desk.calls(), ["read+add+times", "read", "add", "times"]);
    assert!(tasks(&run).await.iter().all(|task| (task.attempt, task.pass) == (2, None)));
    finish(plain).await;
}

#[tokio::test]
async fn a_host_that_fuses_takes_up_a_pass_that_was_handed_back() {
    let (desk, store) = (Desk::with([Fault::Held]), MemoryStore::new());
    let run = handed_back(&store, &desk).await;

    let engine = builder(store).serve(sum(&desk)).start().await.unwrap();
    let run = engine.attach(SUM, run).await.unwrap();

    assert_eq!(soon(run.result()).await.unwrap(), 42);
    assert_eq!(desk.calls(), ["read+add+times"; 2]);
    finish(engine).await;
}

#[tokio::test]
async fn a_host_that_fuses_takes_what_is_left_of_a_group() {
    let (desk, store) = (Desk::with([]), MemoryStore::new());
    let reader = builder(store.clone()).serve(sum(&desk)).slots_of(crate::numbers::ADD, 0);
    let reader = reader.fusion(false).start().await.unwrap();
    let run = reader.submit(SUM, "20".to_owned()).await.unwrap();
    soon(async {
        while tasks(&run).await[0].state != TaskState::Ready {
            tokio::task::yield_now().await;
        }
    })
    .await;

    let engine = builder(store).serve(sum(&desk)).start().await.unwrap();

    assert_eq!(soon(run.result()).await.unwrap(), 42);
    assert_eq!(desk.calls(), ["read", "add+times"]);
    let passes: Vec<_> = tasks(&run).await.into_iter().map(|task| task.pass).collect();
    assert_eq!(passes, [None, Some(2), Some(2)]);
    finish(reader).await;
    finish(engine).await;
}

#[tokio::test]
async fn a_host_that_serves_nothing_sees_the_steps_of_a_pass() {
    let (desk, store) = (Desk::with([Fault::Held]), MemoryStore::new());
    let worker = builder(store.clone()).serve(sum(&desk)).start().await.unwrap();
    let caller = builder(store).start().await.unwrap();

    let run = caller.submit(SUM, "20".to_owned()).await.unwrap();
    soon(desk.held.notified()).await;

    let seen: Vec<_> = tasks(&run).await.into_iter().map(|task| (task.state, task.pass)).collect();
    assert_eq!(seen, [(TaskState::Leased, Some(1)); 3]);
    desk.let_on.notify_one();
    assert_eq!(soon(run.result()).await.unwrap(), 42);
    finish(caller).await;
    finish(worker).await;
}

#[tokio::test]
async fn hosts_agree_on_the_graph_whether_they_fuse_or_not() {
    let (desk, store) = (Desk::with([]), MemoryStore::new());

    for fusion in [true, false, true] {
        let engine = builder(store.clone()).serve(sum(&desk)).fusion(fusion).start().await.unwrap();
        finish(engine).await;
    }
}

/// Two hosts, the first of which is not heard any more while its pass is held, and the run that the second has ended.
async fn taken_over(
    second: impl FnOnce(stagemark::Builder) -> stagemark::Builder,
) -> (Watched, Arc<Desk>, [Engine; 2], Run<i64>) {
    let (desk, store) = (Desk::with([Fault::Held]), Watched::default());
    let way = store.again();
    let is_deaf = Arc::clone(&way.guard.is_deaf);
    let silent = builder(way).serve(sum(&desk)).start().await.unwrap();
    let run = silent.submit(SUM, "20".to_owned()).await.unwrap();
    soon(desk.held.notified()).await;
    is_deaf.store(true, SeqCst);
    let other = second(builder(store.again()).serve(sum(&desk))).start().await.unwrap();
    let run = other.attach(SUM, run.id()).await.unwrap();
    assert_eq!(soon(run.result()).await.unwrap(), 42);
    is_deaf.store(false, SeqCst);
    (store, desk, [silent, other], run)
}

#[tokio::test]
async fn a_late_pass_commits_nothing() {
    let (store, desk, [silent, other], run) = taken_over(|other| other).await;
    assert_eq!(store.done_by_change(), [3]);

    desk.let_on.notify_one();
    finish(silent).await;

    assert_eq!(store.done_by_change(), [3], "its markers are refused");
    assert_eq!(desk.calls(), ["read+add+times"; 2]);
    assert!(tasks(&run).await.iter().all(|task| task.attempt == 2), "the lapsed lease counts as an attempt");
    finish(other).await;
}

#[tokio::test]
async fn a_late_pass_commits_nothing_beside_a_host_that_does_not_fuse() {
    let (store, desk, [silent, other], _run) = taken_over(|other| other.fusion(false)).await;
    assert_eq!(store.done_by_change(), [1, 1, 1]);

    desk.let_on.notify_one();
    finish(silent).await;

    assert_eq!(store.done_by_change(), [1, 1, 1]);
    assert_eq!(desk.calls(), ["read+add+times", "read", "add", "times"]);
    finish(other).await;
}
