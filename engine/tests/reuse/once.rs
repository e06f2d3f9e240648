//! What several want at once is made once; where whoever makes it does not come to an end, by another.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use stagemark::{
    Engine, MemoryStore, Run, RunError, RunId, Timestamp, WorkerId,
    ports::{Found, Heartbeats, Maker, ResultKey, Results, Store, TaskId, Wanted},
};

use crate::{
    fixture::{Act, Desk, SHOUT, builder, finish, reused, shout, soon, start, submit, waits},
    guarded::{Guard, Guarded},
};

/// An engine with a run that is held, and room for no other: what others want is for other engines.
async fn held(store: &MemoryStore, desk: &Arc<Desk>) -> (Engine, Run<String>) {
    let engine = builder(store.clone()).serve(shout(desk)).slots(1).start().await.unwrap();
    let run = submit(&engine, "hello").await;
    soon(desk.held.notified()).await;
    (engine, run)
}

#[tokio::test]
async fn two_runs_on_one_engine_have_it_made_once() {
    let desk = Desk::with([Act::Held]);
    let engine = start(MemoryStore::new(), &desk).await;
    let first = submit(&engine, "hello").await;
    soon(desk.held.notified()).await;
    let second = submit(&engine, "hello").await;
    waits(&second).await;

    desk.let_on.notify_one();

    assert_eq!((soon(first.result()).await.unwrap(), soon(second.result()).await.unwrap()), both("HELLO"));
    assert_eq!((desk.calls(), reused(&first).await, reused(&second).await), (1, vec![false], vec![true]));
    finish(engine).await;
}

fn both(text: &str) -> (String, String) {
    (text.to_owned(), text.to_owned())
}

#[tokio::test]
async fn two_engines_over_one_store_have_it_made_once() {
    let (desk, store) = (Desk::with([Act::Held]), MemoryStore::new());
    let (one, first) = held(&store, &desk).await;
    let other = start(store, &desk).await;
    let second = submit(&other, "hello").await;
    waits(&second).await;

    desk.let_on.notify_one();

    assert_eq!((soon(first.result()).await.unwrap(), soon(second.result()).await.unwrap()), both("HELLO"));
    assert_eq!((desk.calls(), reused(&first).await, reused(&second).await), (1, vec![false], vec![true]));
    finish(one).await;
    finish(other).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_on_two_engines_has_it_made_once() {
    let (desk, store) = (Desk::with([]), MemoryStore::new());
    let (one, other) = (start(store.clone(), &desk).await, start(store, &desk).await);
    let mut runs = Vec::new();
    for nth in 0..40 {
        runs.push(submit(if nth % 2 == 0 { &one } else { &other }, "hello").await);
    }

    for run in &runs {
        assert_eq!(soon(run.result()).await.unwrap(), "HELLO");
    }

    assert_eq!(desk.calls(), 1);
    finish(one).await;
    finish(other).await;
}

#[tokio::test]
async fn a_failure_is_not_kept_and_the_next_makes_it() {
    let (desk, store) = (Desk::with([Act::HeldAndFails]), MemoryStore::new());
    let (one, other) = (start(store.clone(), &desk).await, start(store, &desk).await);
    let first = submit(&one, "hello").await;
    soon(desk.held.notified()).await;
    let (here, there) = (submit(&one, "hello").await, submit(&other, "hello").await);
    waits(&here).await;
    waits(&there).await;

    desk.let_on.notify_one();

    assert!(matches!(soon(first.result()).await, Err(RunError::Failed(_))));
    assert_eq!((soon(here.result()).await.unwrap(), soon(there.result()).await.unwrap()), both("HELLO"));
    assert_eq!(desk.calls(), 2);
    finish(one).await;
    finish(other).await;
}

#[tokio::test]
async fn the_next_makes_it_when_the_run_is_cancelled_that_did() {
    let (desk, store) = (Desk::with([Act::Held]), MemoryStore::new());
    let (one, first) = held(&store, &desk).await;
    let other = start(store, &desk).await;
    let second = submit(&other, "hello").await;
    waits(&second).await;

    soon(first.cancel()).await.unwrap();

    assert_eq!(soon(second.result()).await.unwrap(), "HELLO");
    assert_eq!((desk.calls(), reused(&second).await), (2, vec![false]));
    finish(one).await;
    finish(other).await;
}

#[tokio::test]
async fn a_run_that_waits_can_be_cancelled() {
    let desk = Desk::with([Act::Held]);
    let engine = start(MemoryStore::new(), &desk).await;
    let first = submit(&engine, "hello").await;
    soon(desk.held.notified()).await;
    let second = submit(&engine, "hello").await;
    waits(&second).await;

    soon(second.cancel()).await.unwrap();
    assert!(matches!(soon(second.result()).await, Err(RunError::Cancelled)));

    desk.let_on.notify_one();
    assert_eq!(soon(first.result()).await.unwrap(), "HELLO");
    assert_eq!(desk.calls(), 1);
    finish(engine).await;
}

#[tokio::test]
async fn the_next_makes_it_when_its_engine_shuts_down() {
    let (desk, store) = (Desk::with([Act::Held]), MemoryStore::new());
    let (one, first) = held(&store, &desk).await;
    let other = start(store, &desk).await;
    let second = submit(&other, "hello").await;
    waits(&second).await;

    one.shutdown(Duration::ZERO).await;

    let first = other.attach(SHOUT, first.id()).await.unwrap();
    assert_eq!((soon(first.result()).await.unwrap(), soon(second.result()).await.unwrap()), both("HELLO"));
    assert_eq!(desk.calls(), 2);
    finish(other).await;
}

/// Notes what is wanted.
#[derive(Clone, Debug, Default)]
struct Clerk {
    wanted: Arc<Mutex<Vec<(Wanted, Found)>>>,
}

impl Guard for Clerk {
    fn found(&self, wanted: &Wanted, found: &Found) {
        self.wanted.lock().unwrap().push((wanted.clone(), found.clone()));
    }
}

/// What a run wants that shouts a greeting.
async fn key_of(text: &str) -> ResultKey {
    let (desk, store) = (Desk::with([]), Guarded::<Clerk>::default());
    let engine = builder(store.clone()).serve(shout(&desk)).start().await.unwrap();
    soon(submit(&engine, text).await.result()).await.unwrap();
    finish(engine).await;
    let wanted = store.guard.wanted.lock().unwrap();
    wanted[0].0.key
}

#[tokio::test]
async fn the_next_makes_it_when_the_lease_of_its_worker_ends() {
    let (desk, store, worker) = (Desk::with([]), MemoryStore::new(), WorkerId(0xDEAD));
    let key = key_of("hello").await;
    // A worker that began, and will not be heard of any more.
    let now = store.heartbeat(&beats(worker, Timestamp(0), Timestamp(0))).await.unwrap().now;
    store.heartbeat(&beats(worker, now, now.after(Duration::from_secs(2)))).await.unwrap();
    let maker = Maker { run: RunId::new(), task: TaskId::of(1), worker };
    let until = now.after(Duration::from_hours(1));
    let wanted = Wanted { key, step: "shout".into(), maker, now, until, useless: None };
    assert_eq!(store.want(&wanted).await.unwrap(), Found::Granted);

    let engine = start(store, &desk).await;
    let run = submit(&engine, "hello").await;

    assert_eq!(soon(run.result()).await.unwrap(), "HELLO");
    assert_eq!((desk.calls(), reused(&run).await), (1, vec![false]));
    assert!(engine.now() > now.after(Duration::from_secs(2)), "it waited for the end of the lease");
    finish(engine).await;
}

fn beats(worker: WorkerId, now: Timestamp, until: Timestamp) -> Heartbeats {
    Heartbeats { worker, now, until, beats: vec![], watching: vec![] }
}
