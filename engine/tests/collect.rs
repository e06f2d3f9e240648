//! The collector keeps what somebody needs, and removes the rest.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use stagemark::{
    Artifact, Attempt, Backoff, Collector, Engine, Garbage, MemoryArtifacts, MemoryStore, Name, Permanent, RunId, Step,
    StepError, Workflow, ports::Artifacts,
};
use tokio::sync::Notify;

const MAKE: Workflow<String, Artifact> = Workflow::new("make");

/// Puts two objects and names one of them, at its second attempt; with the input `fail` it never gets there.
#[derive(Default)]
struct Make {
    attempts: AtomicU32,
}

impl Step for Make {
    const NAME: Name = Name::new("make");
    type Input = String;
    type Output = Artifact;

    async fn run(&self, attempt: &Attempt, input: String) -> Result<Artifact, StepError> {
        let made = attempt.put("made.txt", Bytes::from(input.clone())).await?;
        attempt.put("draft.txt", Bytes::from(input.clone())).await?;
        if input == "fail" {
            Err("it was told to").permanent()?;
        }
        if self.attempts.fetch_add(1, Ordering::SeqCst) == 0 {
            return Err("not yet".into());
        }
        Ok(made)
    }
}

/// Runs the workflow to its end; gives what is left, and the artifact that was named.
async fn made(input: &str) -> (Collector, MemoryArtifacts, Option<Artifact>) {
    let (store, artifacts) = (MemoryStore::new(), MemoryArtifacts::new());
    let engine = Engine::builder(store.clone())
        .artifacts(artifacts.clone())
        .serve(MAKE.define(|input| input.then(Make::default().backoff(Backoff::Fixed(Duration::ZERO)))))
        .start()
        .await
        .unwrap();
    let named = engine.submit(MAKE, input.to_owned()).await.unwrap().result().await.ok();
    engine.shutdown(Duration::from_secs(10)).await;
    put(&artifacts, "uploads/source.mp4").await;
    put(&artifacts, "kept/intro.mp4").await;
    (Collector::new(store, artifacts.clone()), artifacts, named)
}

async fn put(artifacts: &MemoryArtifacts, key: &str) {
    artifacts.write(key).await.unwrap().finish().await.unwrap();
}

#[tokio::test]
async fn what_no_marker_names_is_removed_and_all_else_stays() {
    let (collector, artifacts, named) = made("hello").await;
    let before = artifacts.list("").await.unwrap();
    assert_eq!(before.len(), 6, "{before:?}");

    let collector = collector.grace(Duration::ZERO);
    let found = collector.find().await.unwrap();
    assert_eq!(artifacts.list("").await.unwrap(), before, "a look changes nothing");
    let collected = collector.collect().await.unwrap();

    assert_eq!(found, collected);
    assert_eq!(collected.keys.len(), 3, "{collected:?}");
    assert_eq!(artifacts.list("").await.unwrap(), ["kept/intro.mp4", &named.unwrap().key, "uploads/source.mp4"]);
    assert_eq!(collector.collect().await.unwrap(), Garbage::default());
}

#[tokio::test]
async fn of_a_run_that_failed_nothing_is_needed() {
    let (collector, artifacts, named) = made("fail").await;

    collector.grace(Duration::ZERO).collect().await.unwrap();

    assert_eq!(named, None);
    assert_eq!(artifacts.list("").await.unwrap(), ["kept/intro.mp4", "uploads/source.mp4"]);
}

#[tokio::test]
async fn nothing_is_removed_within_the_time_of_grace() {
    let (collector, _, _) = made("hello").await;

    assert_eq!(collector.collect().await.unwrap(), Garbage::default());
}

/// Puts an object, says so, and waits until it is told to stop.
struct Hold(Arc<Notify>);

impl Step for Hold {
    const NAME: Name = Name::new("hold");
    type Input = String;
    type Output = Artifact;

    async fn run(&self, attempt: &Attempt, input: String) -> Result<Artifact, StepError> {
        attempt.put("made.txt", Bytes::from(input)).await?;
        self.0.notify_one();
        attempt.cancelled().await;
        Err("it was told to stop".into())
    }
}

#[tokio::test]
async fn what_a_run_may_still_need_stays() {
    let (store, artifacts, held) = (MemoryStore::new(), MemoryArtifacts::new(), Arc::new(Notify::new()));
    let workflow = MAKE.define(|input| input.then(Hold(Arc::clone(&held))));
    let engine = Engine::builder(store.clone()).artifacts(artifacts.clone()).serve(workflow).start().await.unwrap();
    engine.submit(MAKE, "hello".to_owned()).await.unwrap();
    held.notified().await;

    let collected = Collector::new(store, artifacts.clone()).grace(Duration::ZERO).collect().await.unwrap();

    assert_eq!((collected, artifacts.list("").await.unwrap().len()), (Garbage::default(), 1));
    engine.shutdown(Duration::ZERO).await;
}

#[tokio::test]
async fn runs_that_the_store_does_not_know_are_kept_unless_that_is_asked_for() {
    let artifacts = MemoryArtifacts::new();
    let key = format!("runs/{}/1-make/0/1/made.txt", RunId::new());
    put(&artifacts, &key).await;
    let collector = Collector::new(MemoryStore::new(), artifacts).grace(Duration::ZERO);

    assert_eq!(collector.collect().await.unwrap(), Garbage { keys: vec![], forgotten: 1 });
    let day = collector.clone().grace(Duration::from_hours(24)).with_forgotten_runs();
    assert_eq!(day.collect().await.unwrap().keys.len(), 0, "it may have just begun");
    assert_eq!(collector.with_forgotten_runs().collect().await.unwrap(), Garbage { keys: vec![key], forgotten: 0 });
}
