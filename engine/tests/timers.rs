//! Durable timers: runs that begin at a moment, and values that go on after a while.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::time::Duration;

use stagemark::{
    Builder, Definition, Engine, MemoryStore, Name, Run, RunStatus, Status, TaskState, Timestamp, Workflow, from_fn,
};

const LATER: Workflow<u32, u32> = Workflow::new("later");
const FIRST: Workflow<u32, u32> = Workflow::new("timer-first");
const DOUBLE: Workflow<u32, u32> = Workflow::new("double");
const MAPPED: Workflow<Vec<u32>, Vec<u32>> = Workflow::new("mapped");
const TWICE: Name = Name::new("twice");
const HOUR: Duration = Duration::from_hours(1);
const SOON: Duration = Duration::from_millis(300);

fn twice() -> impl stagemark::Step<Input = u32, Output = u32> {
    from_fn(TWICE, |_, n: u32| async move { Ok(n * 2) })
}

/// A step, a timer, and a step.
fn later(delay: Duration) -> Definition {
    LATER.define(|n| n.then(twice()).after(delay).then(twice()))
}

fn builder(store: &MemoryStore) -> Builder {
    Engine::builder(store.clone()).poll(Duration::from_millis(10))
}

/// Waits until the timer of a run of [`later`] runs.
async fn waiting(run: &Run<u32>) -> RunStatus {
    loop {
        let status = run.status().await.unwrap();
        if status.tasks[1].due.is_some() {
            return status;
        }
        tokio::task::yield_now().await;
    }
}

async fn finish(engine: Engine) {
    assert_eq!(engine.doctor().await.unwrap(), []);
    engine.shutdown(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_run_begins_at_its_moment_and_not_before() {
    let engine = builder(&MemoryStore::new()).serve(DOUBLE.define(|n| n.then(twice()))).start().await.unwrap();
    let moment = engine.now().after(SOON);

    let run = engine.submit(DOUBLE, 21).at(moment).await.unwrap();
    assert_eq!(run.status().await.unwrap().status, Status::Queued);
    assert_eq!(engine.doctor().await.unwrap(), [], "its place in the queue explains it");

    assert_eq!(run.result().await.unwrap(), 42);
    assert!(run.status().await.unwrap().tasks[0].started.unwrap() >= moment);
    finish(engine).await;
}

#[tokio::test]
async fn a_moment_that_is_past_is_now() {
    let engine = builder(&MemoryStore::new()).serve(DOUBLE.define(|n| n.then(twice()))).start().await.unwrap();

    let run = engine.submit(DOUBLE, 21).at(Timestamp(5)).await.unwrap();

    assert_eq!(run.result().await.unwrap(), 42);
    finish(engine).await;
}

#[tokio::test]
async fn a_run_that_has_yet_to_begin_is_found_by_its_key_and_cancelled() {
    let engine = builder(&MemoryStore::new()).serve(DOUBLE.define(|n| n.then(twice()))).start().await.unwrap();
    let run = engine.submit(DOUBLE, 1).after(HOUR).key("one").await.unwrap();

    let again = engine.submit(DOUBLE, 1).key("one").await.unwrap();
    let status = again.cancel().await.unwrap();

    assert_eq!((again.id(), status), (run.id(), Status::Cancelled));
    finish(engine).await;
}

#[tokio::test]
async fn a_run_without_steps_is_cancelled_before_its_moment_too() {
    let engine = builder(&MemoryStore::new()).serve(DOUBLE.define(|n| n)).start().await.unwrap();

    let run = engine.submit(DOUBLE, 1).after(HOUR).await.unwrap();

    assert_eq!(run.cancel().await.unwrap(), Status::Cancelled);
    finish(engine).await;
}

#[tokio::test]
async fn a_value_goes_on_after_its_timer_and_not_before() {
    let engine = builder(&MemoryStore::new()).serve(later(SOON)).start().await.unwrap();

    let run = engine.submit(LATER, 10).await.unwrap();

    assert_eq!(run.result().await.unwrap(), 40);
    let tasks = run.status().await.unwrap().tasks;
    assert_eq!((tasks[1].step.as_str(), tasks[1].state, tasks[1].attempt), ("timer", TaskState::Ready, 0));
    assert!(tasks[2].started.unwrap() >= tasks[0].finished.unwrap().after(SOON));
    finish(engine).await;
}

#[tokio::test]
async fn a_timer_holds_no_slot() {
    let double = DOUBLE.define(|n| n.then(twice()));
    let engine = builder(&MemoryStore::new()).slots(1).serve(later(HOUR)).serve(double).start().await.unwrap();
    let run = engine.submit(LATER, 10).await.unwrap();
    waiting(&run).await;

    assert_eq!(engine.submit(DOUBLE, 21).await.unwrap().result().await.unwrap(), 42);

    assert_eq!(run.cancel().await.unwrap(), Status::Cancelled);
    finish(engine).await;
}

#[tokio::test]
async fn a_timer_keeps_its_moment_when_the_engine_is_started_again_with_another_delay() {
    let store = MemoryStore::new();
    let first = builder(&store).serve(later(HOUR)).start().await.unwrap();
    let run = first.submit(LATER, 10).await.unwrap();
    let before = waiting(&run).await.tasks.remove(1);
    first.shutdown(Duration::from_secs(5)).await;

    let second = builder(&store).serve(later(SOON)).start().await.unwrap();
    let after = second.status_of(run.id()).await.unwrap().tasks.remove(1);

    assert_eq!((before.state, after.due), (TaskState::Queued, before.due));
    assert_eq!(second.doctor().await.unwrap(), []);
    second.cancel_run(run.id()).await.unwrap();
    finish(second).await;
}

#[tokio::test]
async fn a_timer_on_the_input_runs_from_when_the_run_begins() {
    let definition = FIRST.define(|n| n.after(SOON).after(Duration::ZERO).then(twice()));
    let engine = builder(&MemoryStore::new()).serve(definition).start().await.unwrap();

    let run = engine.submit(FIRST, 21).await.unwrap();

    assert_eq!(run.result().await.unwrap(), 42);
    let status = run.status().await.unwrap();
    assert!(status.tasks[2].started.unwrap() >= status.submitted.after(SOON));
    finish(engine).await;
}

#[tokio::test]
async fn a_list_is_mapped_over_after_a_timer() {
    let definition = MAPPED.define(|all| all.after(SOON).each(twice()));
    let engine = builder(&MemoryStore::new()).serve(definition).start().await.unwrap();

    let run = engine.submit(MAPPED, vec![1, 2, 3]).await.unwrap();

    assert_eq!(run.result().await.unwrap(), [2, 4, 6]);
    finish(engine).await;
}
