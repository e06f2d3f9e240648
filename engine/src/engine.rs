//! The engine: one worker process, with the workflows it serves.

use std::{path::Path, sync::Arc, time::Duration};

use tokio::time::timeout;

use crate::{
    Artifact, ArtifactWriter, Builder, CommitStats, Payload, Run, RunError, RunId, Submit, Timestamp, Workflow,
    artifact::{copy_in, copy_out},
    doctor::{self, Stuck},
    driver::{Driver, stats::Stats},
    ports::{ArtifactError, Artifacts, Count, Counts, Store, StoreError},
    run,
    scratch::ScratchRoot,
};

/// How many runs, places in the queue and hints a census looks at.
const CENSUS_MAX: u32 = 100_000;

/// A worker process: it takes submissions, and carries the runs of the workflows it serves to their ends.
///
/// It is a cheap handle: clones are the same engine. When the last is dropped, it stops as
/// [`shutdown`](Self::shutdown) without grace does.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use stagemark::{Engine, MemoryStore, Name, Workflow, from_fn};
///
/// const SHOUT: Workflow<String, String> = Workflow::new("shout");
/// const UPPER: Name = Name::new("upper");
/// let shout = SHOUT.define(|text| text.then(from_fn(UPPER, |_, text: String| async move { Ok(text.to_uppercase()) })));
///
/// let engine = Engine::builder(MemoryStore::new()).serve(shout).start().await?;
/// let run = engine.submit(SHOUT, "hello".to_owned()).key("greeting-1").await?;
/// assert_eq!(run.result().await?, "HELLO");
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Engine {
    pub(crate) driver: Arc<Driver>,
    life: Arc<Life>,
}

/// What ends with the last handle.
#[derive(Debug)]
pub(crate) struct Life {
    pub(crate) driver: Arc<Driver>,
    pub(crate) stats: Arc<Stats>,
    /// Removed when the engine is.
    pub(crate) _scratch: ScratchRoot,
}

impl Engine {
    /// What an engine is made of, beginning with its store.
    pub fn builder(store: impl Store) -> Builder {
        Builder::new(Arc::new(store))
    }

    pub(crate) fn new(life: Life) -> Self {
        Self { driver: Arc::clone(&life.driver), life: Arc::new(life) }
    }

    /// Submits a run, once awaited: when that returns, the run is durable and will be carried to its end.
    pub fn submit<In: Payload, Out: Payload>(&self, workflow: Workflow<In, Out>, input: In) -> Submit<In, Out> {
        Submit::new(Arc::clone(&self.driver), workflow, input)
    }

    /// A handle of a run that was submitted before, here or elsewhere.
    ///
    /// # Errors
    /// [`RunError::Unknown`] if this workflow has no such run, [`RunError::NotServed`] if this engine does not serve
    /// the version that the run is pinned to.
    pub async fn attach<In: Payload, Out: Payload>(
        &self,
        workflow: Workflow<In, Out>,
        run: RunId,
    ) -> Result<Run<Out>, RunError> {
        run::attach(&self.driver, workflow.name(), run).await
    }

    /// Copies a local file into the artifact store under a key of the caller's, for the input of a run.
    pub async fn import(&self, key: &str, file: &Path) -> Result<Artifact, ArtifactError> {
        copy_in(ArtifactWriter::begin(self.artifacts()?.as_ref(), key.to_owned()).await?, file).await
    }

    /// Copies an artifact into a local file.
    pub async fn export(&self, artifact: &Artifact, file: &Path) -> Result<(), ArtifactError> {
        let parts = self.artifacts()?.read(&artifact.key).await?;
        copy_out(parts, &artifact.key, file).await
    }

    fn artifacts(&self) -> Result<&Arc<dyn Artifacts>, ArtifactError> {
        self.driver.places.artifacts.as_ref().ok_or(ArtifactError::NoStore)
    }

    /// Lists the runs that have not ended and that no lease and no place in the queue explains: always none, unless
    /// the engine has a defect or the tables were changed by hand.
    pub async fn doctor(&self) -> Result<Vec<Stuck>, StoreError> {
        doctor::examine(&self.driver).await
    }

    /// Asks the store for a sign of life: one look-up, whose answer does not matter.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.driver.store.graph("", 0, None).await.map(drop)
    }

    /// The time of the store, which all moments of runs are by.
    pub fn now(&self) -> Timestamp {
        self.driver.clock.now()
    }

    /// Counts what the store holds, for whatever worker: runs that have not ended, and what is due in the queue. It looks
    /// at 100,000 rows of each at most, so it costs little however much there is; ask a few times a minute.
    pub async fn census(&self) -> Result<Counts, StoreError> {
        self.driver.store.census(&Count { now: self.driver.clock.now(), limit: CENSUS_MAX }).await
    }

    /// How many commits this engine made, of which sizes, and how long they took.
    pub fn commits(&self) -> CommitStats {
        self.life.stats.read()
    }

    /// Stops: no run is claimed and nothing is leased any more; what runs gets this long to finish; the leases of the
    /// rest are handed back, which costs them no attempt. Runs go on where another engine serves them, or when this
    /// one is started again.
    pub async fn shutdown(&self, grace: Duration) {
        let driver = &self.driver;
        driver.closing.cancel();
        driver.tracker.close();
        // What has not finished by then is handed back.
        let _unfinished = timeout(grace, driver.tracker.wait()).await;
        stop(driver).await;
    }
}

async fn stop(driver: &Driver) {
    driver.expired.cancel();
    driver.tracker.wait().await;
    driver.slots.permits.give_back().await;
    if let Some(locks) = &driver.places.locks {
        locks.close().await;
    }
    driver.over.cancel();
    if let Err(error) = driver.end_lease().await {
        let (error, until) = (&error as &dyn std::error::Error, driver.clock.now().after(driver.settings.lease));
        tracing::warn!(error, ?until, "the lease was not ended; it lapses");
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        let driver = Arc::clone(&self.driver);
        if driver.over.is_cancelled() {
            return;
        }
        driver.closing.cancel();
        driver.tracker.close();
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(async move { stop(&driver).await })),
            // Without a runtime nothing runs any more; the lease lapses.
            Err(_) => driver.over.cancel(),
        }
    }
}
