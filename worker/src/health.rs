//! Health: what the host depends on, and whether it is there.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use serde::Serialize;
use tokio::{
    sync::{Mutex, watch},
    time::timeout,
};

/// How long a dependency may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long an answer stands: however often health is asked for, dependencies are asked no more often.
const FRESH: Duration = Duration::from_secs(1);

/// Whether something that the host depends on is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Condition {
    /// It answers.
    Ok,
    /// It does not, and the host goes on without it, slower.
    Degraded,
    /// It does not, and nothing goes on before it is back.
    Down,
}

/// Asks something that the host depends on for a sign of life.
#[async_trait]
pub(crate) trait Probe: Send + Sync {
    /// Answers, or says why there is no answer; the text is shown to whoever asks, and holds no secret.
    async fn probe(&self) -> Result<(), String>;
}

/// Where a host is between its start and its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Starting,
    Serving,
    Draining,
}

/// What `/readyz` answers.
#[derive(Debug, Serialize)]
pub(crate) struct Readiness {
    pub(crate) state: &'static str,
    pub(crate) dependencies: BTreeMap<&'static str, Seen>,
    #[serde(skip)]
    pub(crate) ready: bool,
}

/// What was seen of a dependency.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Seen {
    pub(crate) state: Condition,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) why: Option<String>,
}

struct Dependency {
    name: &'static str,
    /// What its absence means.
    absent: Condition,
    probe: Box<dyn Probe>,
    /// One at a time asks, and the others take its answer.
    seen: Mutex<Option<(Instant, Seen)>>,
}

/// What a host depends on, in the order in which it was added.
pub(crate) struct Health {
    stage: watch::Sender<Stage>,
    dependencies: std::sync::Mutex<Vec<Arc<Dependency>>>,
}

impl Health {
    pub(crate) fn new() -> Self {
        Self { stage: watch::Sender::new(Stage::Starting), dependencies: std::sync::Mutex::default() }
    }

    pub(crate) fn enter(&self, stage: Stage) {
        self.stage.send_replace(stage);
    }

    pub(crate) fn add(&self, name: &'static str, absent: Condition, probe: impl Probe + 'static) {
        let dependency = Dependency { name, absent, probe: Box::new(probe), seen: Mutex::default() };
        self.all().push(Arc::new(dependency));
    }

    fn all(&self) -> std::sync::MutexGuard<'_, Vec<Arc<Dependency>>> {
        self.dependencies.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// What is seen of each dependency, all asked at a time.
    pub(crate) async fn look(&self) -> BTreeMap<&'static str, Seen> {
        let dependencies: Vec<_> = self.all().clone();
        let looks = dependencies.into_iter().map(|dependency| tokio::spawn(async move { dependency.look().await }));
        let mut all = BTreeMap::new();
        for look in looks.collect::<Vec<_>>() {
            all.extend(look.await);
        }
        all
    }

    /// Whether the host takes work: it has started, is not told to stop, and nothing is away that it needs.
    pub(crate) async fn readiness(&self) -> Readiness {
        let now = *self.stage.borrow();
        let dependencies = self.look().await;
        let worst = dependencies.values().map(|seen| seen.state).max().unwrap_or(Condition::Ok);
        let (state, ready) = match (now, worst) {
            (Stage::Starting, _) => ("starting", false),
            (Stage::Draining, _) => ("draining", false),
            (Stage::Serving, Condition::Down) => ("down", false),
            (Stage::Serving, Condition::Degraded) => ("degraded", true),
            (Stage::Serving, Condition::Ok) => ("ready", true),
        };
        Readiness { state, dependencies, ready }
    }
}

impl Dependency {
    async fn look(&self) -> (&'static str, Seen) {
        let mut known = self.seen.lock().await;
        if let Some((at, seen)) = &*known
            && at.elapsed() < FRESH
        {
            return (self.name, seen.clone());
        }
        let answer = timeout(PATIENCE, self.probe.probe()).await;
        let seen = match answer.unwrap_or_else(|_| Err(format!("no answer within {PATIENCE:?}"))) {
            Ok(()) => Seen { state: Condition::Ok, why: None },
            Err(why) => Seen { state: self.absent, why: Some(why) },
        };
        *known = Some((Instant::now(), seen.clone()));
        (self.name, seen)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    use super::*;

    struct Answers(Result<(), String>, Arc<AtomicUsize>);

    #[async_trait]
    impl Probe for Answers {
        async fn probe(&self) -> Result<(), String> {
            self.1.fetch_add(1, SeqCst);
            self.0.clone()
        }
    }

    struct Silent;

    #[async_trait]
    impl Probe for Silent {
        async fn probe(&self) -> Result<(), String> {
            std::future::pending().await
        }
    }

    fn answers(answer: Result<(), &str>) -> Answers {
        Answers(answer.map_err(ToOwned::to_owned), Arc::default())
    }

    #[tokio::test]
    async fn a_host_without_its_broker_is_degraded_and_ready() {
        let health = Health::new();
        health.add("database", Condition::Down, answers(Ok(())));
        health.add("broker", Condition::Degraded, answers(Err("refused")));
        health.enter(Stage::Serving);

        let readiness = health.readiness().await;

        assert!(readiness.ready);
        let expected = r#"{"state":"degraded","dependencies":{"broker":{"state":"degraded","why":"refused"},"database":{"state":"ok"}}}"#;
        assert_eq!(serde_json::to_string(&readiness).unwrap(), expected);
    }

    #[tokio::test]
    async fn a_host_without_its_database_is_not_ready() {
        let health = Health::new();
        health.add("database", Condition::Down, answers(Err("gone")));
        health.enter(Stage::Serving);

        let readiness = health.readiness().await;

        assert_eq!((readiness.state, readiness.ready), ("down", false));
    }

    #[tokio::test]
    async fn a_host_that_starts_or_drains_is_not_ready() {
        let health = Health::new();

        assert_eq!(health.readiness().await.state, "starting");
        health.enter(Stage::Draining);
        let readiness = health.readiness().await;
        assert_eq!((readiness.state, readiness.ready), ("draining", false));
    }

    #[tokio::test(start_paused = true)]
    async fn a_dependency_that_is_silent_is_taken_for_absent() {
        let health = Health::new();
        health.add("redis", Condition::Degraded, Silent);

        assert_eq!(health.look().await["redis"].why.as_deref(), Some("no answer within 2s"));
    }

    #[tokio::test]
    async fn however_often_health_is_asked_for_a_dependency_is_asked_once_a_second() {
        let (health, probe) = (Health::new(), answers(Ok(())));
        let asked = Arc::clone(&probe.1);
        health.add("database", Condition::Down, probe);

        for _ in 0..20 {
            health.look().await;
        }

        assert!(asked.load(SeqCst) <= 2, "asked {asked:?} times");
    }
}
