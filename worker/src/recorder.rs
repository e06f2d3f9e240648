//! Keeps metrics for Prometheus, and adds what is looked up when it asks: dependencies, runs by state and the queue.

use std::{
    collections::{BTreeMap, HashSet},
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use metrics::{Unit, counter, describe_counter, describe_gauge, gauge};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use stagemark::{Engine, Timestamp, ports::Counts};
use tokio::{sync::Mutex, time::timeout};
use tokio_util::task::AbortOnDropHandle;

use crate::{
    WorkerError,
    health::{Condition, Seen},
};

/// How old a census may be: however many ask, the store is asked no more often.
const CENSUS_AGE: Duration = Duration::from_secs(10);
const PATIENCE: Duration = Duration::from_secs(2);
/// How often what histograms hold is put together; it would grow otherwise.
const UPKEEP: Duration = Duration::from_secs(5);

/// From an idle commit to a slow disk, and from a quick step to a two-hour encode.
const SECONDS: &[f64] = &[
    0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1_800.0,
    7_200.0,
];
const SIZES: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0];

/// The recorder of this process; there is one for all workers in it.
#[derive(Clone)]
pub(crate) struct Recorder {
    metrics: PrometheusHandle,
    census: Arc<Mutex<Census>>,
}

#[derive(Default)]
struct Census {
    at: Option<Instant>,
    /// What was told of: it is told as nothing once there is none.
    runs: HashSet<(Arc<str>, String)>,
    queues: HashSet<Arc<str>>,
}

impl Recorder {
    /// Installs it, where it is not yet.
    pub(crate) fn install() -> Result<Self, WorkerError> {
        static INSTALLED: OnceLock<Option<Recorder>> = OnceLock::new();
        let installed = INSTALLED.get_or_init(|| {
            let builder = PrometheusBuilder::new().set_buckets_for_metric(Matcher::Suffix("_seconds".into()), SECONDS);
            let builder = builder.ok()?.set_buckets_for_metric(Matcher::Suffix("_batch_size".into()), SIZES).ok()?;
            let metrics = builder.install_recorder().ok()?;
            describe();
            Some(Self { metrics, census: Arc::default() })
        });
        installed.clone().ok_or(WorkerError::Recorder)
    }

    /// Keeps what is recorded small, until the value is dropped.
    pub(crate) fn upkeep(&self) -> AbortOnDropHandle<()> {
        let metrics = self.metrics.clone();
        AbortOnDropHandle::new(tokio::spawn(async move {
            loop {
                tokio::time::sleep(UPKEEP).await;
                metrics.run_upkeep();
            }
        }))
    }

    /// All metrics, in Prometheus's text format.
    pub(crate) async fn page(&self, dependencies: &BTreeMap<&'static str, Seen>, engine: Option<&Engine>) -> String {
        for (name, seen) in dependencies {
            let up = f64::from(u8::from(seen.state == Condition::Ok));
            gauge!("stagemark_dependency_up", "dependency" => *name).set(up);
        }
        if let Some(engine) = engine {
            self.census.lock().await.take(engine).await;
        }
        self.metrics.render()
    }
}

impl Census {
    async fn take(&mut self, engine: &Engine) {
        if self.at.is_some_and(|at| at.elapsed() < CENSUS_AGE) {
            return;
        }
        // Also where it fails: a store in trouble is not asked more often.
        self.at = Some(Instant::now());
        match timeout(PATIENCE, engine.census()).await {
            Ok(Ok(counts)) => self.tell(counts, engine.now()),
            Ok(Err(error)) => {
                counter!("stagemark_census_failures_total").increment(1);
                tracing::debug!(error = &error as &dyn std::error::Error, "the store was not counted");
            }
            Err(_) => counter!("stagemark_census_failures_total").increment(1),
        }
    }

    fn tell(&mut self, counts: Counts, now: Timestamp) {
        for (workflow, status) in &self.runs {
            gauge!("stagemark_runs", "workflow" => workflow.to_string(), "status" => status.clone()).set(0);
        }
        for workflow in &self.queues {
            queue(workflow, 0, Duration::ZERO);
        }
        for count in counts.runs {
            let of = (count.workflow, count.status.to_string());
            gauge!("stagemark_runs", "workflow" => of.0.to_string(), "status" => of.1.clone()).set(count.runs);
            self.runs.insert(of);
        }
        for count in counts.queues {
            let lag = Duration::from_millis(now.0.saturating_sub(count.oldest.0));
            queue(&count.workflow, count.due, lag);
            self.queues.insert(count.workflow);
        }
        gauge!("stagemark_outbox_depth").set(counts.unsent);
    }
}

fn queue(workflow: &Arc<str>, due: u32, lag: Duration) {
    gauge!("stagemark_queue_depth", "workflow" => workflow.to_string()).set(due);
    gauge!("stagemark_queue_lag_seconds", "workflow" => workflow.to_string()).set(lag);
}

fn describe() {
    describe_gauge!("stagemark_runs", "Runs that have not ended, by status, up to 100,000");
    describe_gauge!("stagemark_queue_depth", "Places in the queue that are due, up to 100,000");
    describe_gauge!("stagemark_queue_lag_seconds", Unit::Seconds, "How long the oldest of them has been due");
    describe_gauge!("stagemark_outbox_depth", "Hints that no broker has confirmed, up to 100,000");
    describe_gauge!("stagemark_dependency_up", "1 where the dependency answers, 0 where not");
    describe_counter!("stagemark_census_failures_total", "Times that the store could not be counted");
}
