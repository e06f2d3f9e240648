//! An engine on a `SQLite` file in a folder of its own, as most tests here need it.

use std::{path::Path, time::Duration};

use stagemark::{Attempt, Backoff, Builder, Definition, Engine, Name, StepError, Workflow, from_fn};
use stagemark_blob::LocalArtifacts;
use stagemark_sql::SqlStore;
use tempfile::TempDir;

/// Retried at once.
pub(crate) const AT_ONCE: Backoff = Backoff::Fixed(Duration::ZERO);

/// What a test runs on.
pub(crate) struct Fixture {
    pub(crate) folder: TempDir,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn url(&self) -> String {
        format!("sqlite://{}", self.path().join("stagemark.db").display())
    }

    /// An engine in the making, with a short lease and a short poll interval.
    pub(crate) async fn builder(&self) -> Builder {
        Engine::builder(SqlStore::open(&self.url()).await.unwrap())
            .artifacts(LocalArtifacts::open(self.path().join("artifacts")).unwrap())
            .scratch(self.path().join("scratch"))
            .lease(Duration::from_secs(1))
            .poll(Duration::from_millis(50))
    }

    pub(crate) async fn serve(&self, definition: Definition) -> Engine {
        self.builder().await.serve(definition).start().await.unwrap()
    }
}

/// Ends a test: nothing is stuck, and the engine stops.
pub(crate) async fn finish(engine: Engine) {
    assert_eq!(engine.doctor().await.unwrap(), []);
    engine.shutdown(Duration::from_secs(5)).await;
}

pub(crate) const ONE_STEP: Workflow<u32, u32> = Workflow::new("one-step");
pub(crate) const ONLY: Name = Name::new("only");

/// A workflow of a single step, retried at once, three attempts in all.
pub(crate) fn one_step<F, Fut>(step: F) -> Definition
where
    F: Fn(Attempt, u32) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<u32, StepError>> + Send + 'static,
{
    use stagemark::Step;
    ONE_STEP.define(|n| n.then(from_fn(ONLY, step).attempts(3).backoff(AT_ONCE)))
}

/// Waits until something is so, which must be within 20 s.
pub(crate) async fn until<F, Fut>(what: &str, mut is_so: F)
where
    F: FnMut() -> Fut,
    Fut: Future<Output = bool>,
{
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    while !is_so().await {
        assert!(tokio::time::Instant::now() < deadline, "{what} within 20 s");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
