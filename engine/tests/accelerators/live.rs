//! Progress of runs is seen on hosts that do not carry them, and costs the database nothing.

use std::sync::Arc;

use futures::{StreamExt, pin_mut};
use stagemark::{Attempt, Engine, Status, ports::Store};
use tokio::sync::Notify;

use crate::{
    fickle::Fickle,
    fixture::{Counted, WORK, builder, soon, step, until},
};

/// A host that carries runs, until they are told to end, and a host that reads.
struct Hosts {
    store: Counted,
    service: Fickle,
    worker: Engine,
    reader: Engine,
    finish: Arc<Notify>,
}

impl Hosts {
    /// The step does this and then waits.
    async fn new(report: impl Fn(&Attempt) + Send + Sync + 'static) -> Self {
        let (store, service, finish) = (Counted::default(), Fickle::default(), Arc::new(Notify::new()));
        let (report, told) = (Arc::new(report), Arc::clone(&finish));
        let work = step(move |attempt: Attempt, n| {
            let (report, finish) = (Arc::clone(&report), Arc::clone(&told));
            async move {
                report(&attempt);
                finish.notified().await;
                Ok(n)
            }
        });
        let worker = builder(&store).live(service.clone()).serve(WORK.define(|n| n.then(work))).start().await.unwrap();
        let reader = builder(&store).live(service.clone()).start().await.unwrap();
        Self { store, service, worker, reader, finish }
    }
}

fn half(attempt: &Attempt) {
    attempt.progress(0.5, "half of it");
}

#[tokio::test(flavor = "multi_thread")]
async fn progress_is_seen_on_another_host_without_a_write() {
    let hosts = Hosts::new(half).await;
    let run = hosts.worker.submit(WORK, 1).await.unwrap();
    let seen = hosts.reader.attach(WORK, run.id()).await.unwrap();

    until(async || seen.status().await.unwrap().tasks[0].fraction > 0.0).await;

    let task = seen.status().await.unwrap().tasks.remove(0);
    assert_eq!((task.fraction, task.message.as_str()), (0.5, "half of it"));
    assert_eq!(hosts.store.beats(), 0);
    hosts.finish.notify_one();
    assert_eq!(soon(seen.result()).await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_is_seen_on_another_host() {
    let hosts = Hosts::new(half).await;
    let run = hosts.worker.submit(WORK, 1).await.unwrap();
    let seen = hosts.reader.attach(WORK, run.id()).await.unwrap();
    let progress = seen.progress();
    pin_mut!(progress);

    let mut fractions = Vec::new();
    while let Some(status) = soon(progress.next()).await {
        let status = status.unwrap();
        fractions.push(status.tasks[0].fraction);
        if status.tasks[0].fraction > 0.0 && !status.status.has_ended() {
            hosts.finish.notify_one();
        }
        if status.status.has_ended() {
            assert_eq!(status.status, Status::Ready);
        }
    }

    assert!(fractions.contains(&0.5), "{fractions:?}");
    assert_eq!(fractions.last(), Some(&1.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn resume_details_are_still_stored() {
    let hosts = Hosts::new(|attempt| attempt.checkpoint(&7).unwrap()).await;
    let run = hosts.worker.submit(WORK, 1).await.unwrap();

    until(async || hosts.store.beats() == 1).await;

    let record = hosts.store.load(&[run.id()]).await.unwrap().remove(0);
    assert_eq!(record.beats[0].details.as_deref(), Some("7"));
    hosts.finish.notify_one();
    soon(run.result()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn with_live_progress_away_it_is_seen_in_the_store() {
    let hosts = Hosts::new(half).await;
    hosts.service.go_away();
    let run = hosts.worker.submit(WORK, 1).await.unwrap();
    let seen = hosts.reader.attach(WORK, run.id()).await.unwrap();

    until(async || seen.status().await.unwrap().tasks[0].fraction > 0.0).await;

    assert!(hosts.store.beats() > 0);
    hosts.finish.notify_one();
    assert_eq!(soon(seen.result()).await.unwrap(), 1);
}
