//! What an engine counts, as Prometheus would read it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use stagemark::{
    Attempt, Backoff, Builder, Definition, Engine, MemoryStore, Name, Permanent, Step, StepError, Workflow, from_fn,
    ports::{Heartbeats, Store, StoreError},
};
use tokio::sync::Notify;

#[allow(dead_code, reason = "each test binary has its own guards")]
#[path = "common/guarded.rs"]
mod guarded;

use guarded::{Guard, Guarded, away};

const COUNT: Workflow<u32, u32> = Workflow::new("count");

fn count<F, Fut>(step: F) -> Definition
where
    F: Fn(Attempt, u32) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<u32, StepError>> + Send + 'static,
{
    let step = from_fn(Name::new("count-up"), step).attempts(3).backoff(Backoff::Fixed(Duration::ZERO));
    COUNT.define(|n| n.then(step))
}

fn quick(store: impl Store) -> Builder {
    Engine::builder(store).lease(Duration::from_secs(1)).poll(Duration::from_millis(20))
}

/// The value of a metric with these labels.
fn value(metrics: &PrometheusHandle, sample: &str) -> Option<f64> {
    let page = metrics.render();
    let line = page.lines().find(|line| line.rsplit_once(' ').is_some_and(|(name, _)| name == sample))?;
    line.rsplit_once(' ')?.1.parse().ok()
}

#[tokio::test]
async fn attempts_are_counted_by_step_and_outcome() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let metrics = recorder.handle();
    let _local = metrics::set_default_local_recorder(&recorder);
    let step = |attempt: Attempt, n: u32| async move {
        match (n, attempt.number()) {
            (0, _) => Err("nothing to count").permanent()?,
            (_, 1) => Err("again".into()),
            _ => Ok(n + 1),
        }
    };
    let engine = quick(MemoryStore::new()).serve(count(step)).start().await.unwrap();

    engine.submit(COUNT, 1).await.unwrap().result().await.unwrap();
    engine.submit(COUNT, 0).await.unwrap().result().await.unwrap_err();
    engine.shutdown(Duration::from_secs(1)).await;

    let attempts = |outcome: &str| {
        value(&metrics, &format!("stagemark_attempts_total{{step=\"count-up\",outcome=\"{outcome}\"}}"))
    };
    assert_eq!(["ready", "failed", "dead_letter"].map(attempts), [Some(1.0); 3]);
    let runs = |what: &str| value(&metrics, &format!("stagemark_runs_{what}"));
    assert_eq!(runs("submitted_total{workflow=\"count\"}"), Some(2.0));
    assert_eq!(runs("ended_total{workflow=\"count\",status=\"ready\"}"), Some(1.0));
    assert_eq!(runs("ended_total{workflow=\"count\",status=\"failed\"}"), Some(1.0));
    assert_eq!(value(&metrics, "stagemark_step_duration_seconds_count{step=\"count-up\"}"), Some(3.0));
    let commits = value(&metrics, "stagemark_commit_batch_size_count");
    assert!(commits >= Some(4.0), "two submissions and two ends: {commits:?}");
    assert_eq!(value(&metrics, "stagemark_commit_duration_seconds_count"), commits);
}

#[tokio::test]
async fn a_lease_that_lapses_and_the_late_write_that_follows_are_counted() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let metrics = recorder.handle();
    let _local = metrics::set_default_local_recorder(&recorder);
    let (store, go_on, begun) = (MemoryStore::new(), Arc::new(Notify::new()), Arc::new(Notify::new()));
    let unheard = Guarded { store: store.clone(), guard: Unheard::default() };
    let slow = {
        let (go_on, begun) = (Arc::clone(&go_on), Arc::clone(&begun));
        move |_, n: u32| {
            let (go_on, begun) = (Arc::clone(&go_on), Arc::clone(&begun));
            async move {
                begun.notify_one();
                go_on.notified().await;
                Ok(n)
            }
        }
    };
    let first = quick(unheard.clone()).serve(count(slow)).start().await.unwrap();
    let run = first.submit(COUNT, 7).await.unwrap().id();
    begun.notified().await;

    unheard.guard.is_so.store(true, SeqCst);
    let second = quick(store).serve(count(|_, n| async move { Ok(n + 1) })).start().await.unwrap();
    assert_eq!(second.attach(COUNT, run).await.unwrap().result().await.unwrap(), 8);
    go_on.notify_one();
    first.shutdown(Duration::from_secs(5)).await;

    assert_eq!(value(&metrics, "stagemark_lease_expirations_total"), Some(1.0));
    assert_eq!(value(&metrics, "stagemark_late_writes_rejected_total"), Some(1.0));
    let late = "stagemark_attempts_total{step=\"count-up\",outcome=\"late\"}";
    assert_eq!(value(&metrics, late), Some(1.0));
    second.shutdown(Duration::from_secs(1)).await;
}

/// Lets no heartbeats through, once it is so.
#[derive(Clone, Debug, Default)]
struct Unheard {
    is_so: Arc<AtomicBool>,
}

impl Guard for Unheard {
    fn heartbeat(&self, _beats: &Heartbeats) -> Result<(), StoreError> {
        if self.is_so.load(SeqCst) { Err(away("renewing a lease")) } else { Ok(()) }
    }
}
