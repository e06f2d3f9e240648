//! Slots: a run that was claimed for one that another took first gets the next.

use std::time::Duration;

use futures::future::join_all;
use stagemark::{Builder, Engine, MemoryStore, Name, Workflow, from_fn};

const SUCCESSOR: Workflow<u64, u64> = Workflow::new("successor");

const ADD: Name = Name::new("add-one");

/// The poll interval is far longer than the test may take: only what is told and freed moves the runs on.
async fn run_without_polls(slots: impl FnOnce(Builder) -> Builder) {
    let successor = SUCCESSOR.define(|n| n.then(from_fn(ADD, |_, n: u64| async move { Ok(n + 1) })));
    let builder = slots(Engine::builder(MemoryStore::new()).poll(Duration::from_hours(1)));
    let engine = builder.serve(successor).start().await.unwrap();

    // Again and again until the queue is empty, so that submissions and claims reach for the same slots.
    let rounds = async {
        for _ in 0..20 {
            let runs = (0..300_u64).map(|n| {
                let engine = engine.clone();
                tokio::spawn(async move { engine.submit(SUCCESSOR, n).await.unwrap().result().await.unwrap() })
            });
            let results = join_all(runs).await;
            assert!(results.into_iter().zip(1..).all(|(result, expected)| result.unwrap() == expected));
        }
    };
    tokio::time::timeout(Duration::from_mins(2), rounds).await.expect("no run waits for a poll");

    assert_eq!(engine.doctor().await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_run_waits_for_a_poll_while_slots_are_free() {
    run_without_polls(|builder| builder.slots(64)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_run_waits_for_a_poll_while_slots_of_its_step_are_free() {
    run_without_polls(|builder| builder.slots_of(ADD, 16)).await;
}
