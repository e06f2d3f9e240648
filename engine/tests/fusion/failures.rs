//! Passes that fail, and what is made of that.

use std::{sync::Arc, time::Duration};

use stagemark::{MemoryStore, RunError, Step, TaskState, Workflow};

use crate::numbers::{Desk, Fault, SUM, add, broken, builder, finish, soon, sum, tasks, times};

const CHAIN: Workflow<i64, i64> = Workflow::new("chain");

#[tokio::test]
async fn a_pass_that_fails_is_tried_again_as_a_pass() {
    let desk = Desk::with([Fault::Passing, Fault::Passing]);
    let engine = builder(MemoryStore::new()).serve(sum(&desk)).start().await.unwrap();

    let run = engine.submit(SUM, "20".to_owned()).await.unwrap();

    assert_eq!(soon(run.result()).await.unwrap(), 42);
    assert_eq!(desk.calls(), ["read+add+times"; 3]);
    assert!(tasks(&run).await.iter().all(|task| (task.attempt, task.pass) == (3, Some(1))));
    finish(engine).await;
}

#[tokio::test]
async fn a_pass_that_cannot_be_done_is_run_step_by_step() {
    let desk = Desk::with([Fault::Permanent]);
    let engine = builder(MemoryStore::new()).serve(sum(&desk)).start().await.unwrap();

    let run = engine.submit(SUM, "20".to_owned()).await.unwrap();

    assert_eq!(soon(run.result()).await.unwrap(), 42);
    assert_eq!(desk.calls(), ["read+add+times", "read", "add", "times"]);
    let tasks = tasks(&run).await;
    assert!(tasks.iter().all(|task| (task.attempt, task.pass) == (2, None)), "{tasks:?}");
    assert_eq!(tasks[0].error, ["the pass cannot be done"]);
    finish(engine).await;
}

#[tokio::test]
async fn the_error_names_the_step_at_fault() {
    let desk = Desk::with([]);
    let chain = CHAIN.define(|n| n.then(add(1, &desk)).then(broken(&desk)).then(times(2, &desk)));
    let engine = builder(MemoryStore::new()).serve(chain).start().await.unwrap();

    let run = engine.submit(CHAIN, 1).await.unwrap();

    let Err(RunError::Failed(failed)) = soon(run.result()).await else { panic!("it did not fail") };
    assert_eq!((failed.step.as_str(), failed.attempt), ("broken", 2));
    assert_eq!(failed.chain, ["this cannot be calculated"]);
    assert_eq!(desk.calls(), ["add+broken+times", "add", "broken"]);
    let states: Vec<_> = tasks(&run).await.into_iter().map(|task| task.state).collect();
    assert_eq!(states, [TaskState::Ready, TaskState::Failed, TaskState::Cancelled]);
    finish(engine).await;
}

#[tokio::test]
async fn the_smallest_number_of_attempts_counts() {
    let desk = Desk::with([Fault::Passing, Fault::Passing, Fault::Passing]);
    let chain = CHAIN.define(|n| n.then(add(1, &desk)).then(add(2, &desk).attempts(2)).then(times(2, &desk)));
    let engine = builder(MemoryStore::new()).serve(chain).start().await.unwrap();

    let run = engine.submit(CHAIN, 1).await.unwrap();

    assert_eq!(soon(run.result()).await.unwrap(), 8);
    assert_eq!(desk.calls(), ["add+add+times", "add+add+times", "add", "add", "times"]);
    finish(engine).await;
}

/// What the tasks of a chain say of the pass that they were in before they were run alone.
async fn error_of_the_pass(steps: [impl Step<Input = i64, Output = i64>; 3]) -> String {
    let chain = CHAIN.define(|n| steps.into_iter().fold(n, stagemark::Node::then));
    let engine = builder(MemoryStore::new()).serve(chain).start().await.unwrap();
    let run = engine.submit(CHAIN, 1).await.unwrap();

    soon(run.result()).await.unwrap();

    let error = tasks(&run).await.remove(2).error.remove(0);
    finish(engine).await;
    error
}

#[tokio::test]
async fn the_timeouts_add_up() {
    let desk = Desk::with([Fault::Hangs]);
    let step = |ms| add(1, &desk).attempts(1).timeout(Duration::from_millis(ms));

    let error = error_of_the_pass([step(1_000), step(1_200), step(800)]).await;

    assert_eq!(error, "no result within the timeout of 3s");
}

#[tokio::test]
async fn the_smallest_heartbeat_counts() {
    let desk = Desk::with([Fault::Hangs]);
    let step = |ms| add(1, &desk).attempts(1).heartbeat(Duration::from_millis(ms));

    let error = error_of_the_pass([step(5_000), step(100), step(9_000)]).await;

    assert_eq!(error, "no heartbeat for 100ms");
}

#[tokio::test]
async fn a_step_that_is_run_alone_has_all_its_attempts() {
    let desk = Desk::with([Fault::Passing, Fault::Passing, Fault::Passing]);
    let shaky = stagemark::from_fn(stagemark::Name::new("end"), |_, n: i64| async move { Ok(n) });
    let chain = CHAIN.define(|n| n.then(add(1, &desk)).then(times(2, &desk)).then(shaky));
    let engine = builder(MemoryStore::new()).serve(chain).start().await.unwrap();

    let run = engine.submit(CHAIN, 1).await.unwrap();

    assert_eq!(soon(run.result()).await.unwrap(), 4);
    let attempts: Vec<_> = tasks(&run).await.into_iter().map(|task| task.attempt).collect();
    assert_eq!(attempts, [4, 4, 1]);
    assert_eq!(desk.calls().len(), 5);
    finish(engine).await;
}

#[tokio::test]
async fn that_a_pass_was_given_up_is_known_to_others() {
    let (first, second, store) = (Desk::with([Fault::Permanent]), Desk::with([]), MemoryStore::new());
    let stop = Arc::new(tokio::sync::Notify::new());
    let stopped = Arc::clone(&stop);
    let one = builder(store.clone())
        .serve(sum(&first))
        .layer(tower::util::MapRequestLayer::new(move |call: stagemark::StepCall| {
            if call.attempt.step().as_str() == "add" {
                stopped.notify_one();
            }
            call
        }))
        .start()
        .await
        .unwrap();
    let run = one.submit(SUM, "20".to_owned()).await.unwrap();
    soon(stop.notified()).await;
    one.shutdown(Duration::ZERO).await;

    let other = builder(store).serve(sum(&second)).start().await.unwrap();
    let run = other.attach(SUM, run.id()).await.unwrap();

    assert_eq!(soon(run.result()).await.unwrap(), 42);
    assert!(second.calls().iter().all(|call| !call.contains('+')), "{:?}", second.calls());
    finish(other).await;
}
