//! What an engine is made of.

use std::{
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use tower::{Layer, Service};

use crate::{
    DEFAULT_POOL, Definition, Engine, Name, Options, StepCall, StepError, StepService, WorkerId,
    attempt::Places,
    driver::{
        Driver, Parts, Settings, aid::Aid, commit::Committer, live::Reporter, permits::Permits, relay::Relay,
        schedules, slots::Slots, stats::Stats,
    },
    engine::Life,
    local_cache::LocalCache,
    lock::Locksmith,
    ports::{Artifacts, Dedup, Dispatch, Limits, Live, Locks, Store, StoreError},
    schedule::Planned,
    scratch::ScratchRoot,
    workflow::Plan,
};

type Wrap = Box<dyn Fn(StepService) -> StepService + Send>;

/// An engine in the making; see [`Engine::builder`].
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use stagemark::{Engine, MemoryArtifacts, MemoryStore, Name};
///
/// let engine = Engine::builder(MemoryStore::new())
///     .artifacts(MemoryArtifacts::new())
///     .slots(64)
///     .slots_of(Name::new("transcode"), 2)
///     .lease(Duration::from_secs(30))
///     .start()
///     .await?;
/// # Ok(()) }
/// ```
#[must_use = "an engine does nothing until it is started"]
pub struct Builder {
    store: Arc<dyn Store>,
    artifacts: Option<Arc<dyn Artifacts>>,
    scratch: PathBuf,
    cache_bytes: u64,
    settings: Settings,
    slots: u32,
    slots_of: HashMap<Name, u32>,
    pools: Vec<Name>,
    dispatch: Option<Arc<dyn Dispatch>>,
    locks: Option<Arc<dyn Locks>>,
    dedup: Option<Arc<dyn Dedup>>,
    live: Option<Arc<dyn Live>>,
    limits: Option<Arc<dyn Limits>>,
    definitions: Vec<Definition>,
    pub(crate) schedules: Vec<Planned>,
    fusion: bool,
    layers: Vec<Wrap>,
}

impl std::fmt::Debug for Builder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Builder")
            .field("store", &self.store)
            .field("definitions", &self.definitions)
            .finish_non_exhaustive()
    }
}

/// Why an engine did not start.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use stagemark::{Engine, MemoryStore, StartError, Workflow};
///
/// const ECHO: Workflow<String, String> = Workflow::new("echo");
/// let twice = Engine::builder(MemoryStore::new()).serve(ECHO.define(|text| text)).serve(ECHO.define(|text| text));
/// assert!(matches!(twice.start().await, Err(StartError::Twice { .. })));
/// # }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// Two definitions have one name and version.
    #[error("workflow {workflow} is served twice in version {version}; give one of the definitions another version")]
    Twice {
        /// The name of the workflow.
        workflow: Name,
        /// The version.
        version: u32,
    },
    /// The graph was changed and the version was not.
    #[error("workflow {workflow} has changed in version {version}: {difference}; give the new graph a new version")]
    Changed {
        /// The name of the workflow.
        workflow: Name,
        /// The version.
        version: u32,
        /// What has changed.
        difference: String,
    },
    /// A step is limited over the whole fleet, and there is nothing that limits it.
    #[error(
        "step {step} is limited over the whole fleet; name what keeps the limits with Engine::builder(..).limits(..)"
    )]
    NoLimits {
        /// The name of the step.
        step: Name,
    },
    /// The scratch folder cannot be used.
    #[error("the scratch folder {} cannot be used", path.display())]
    Scratch {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The store failed.
    #[error("the store could not be read or written")]
    Store(#[from] StoreError),
}

impl Builder {
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            artifacts: None,
            scratch: std::env::temp_dir().join("stagemark"),
            cache_bytes: 0,
            settings: Settings { lease: Duration::from_secs(10), poll: Duration::from_secs(1) },
            slots: 256,
            slots_of: HashMap::new(),
            pools: vec![DEFAULT_POOL],
            dispatch: None,
            locks: None,
            dedup: None,
            live: None,
            limits: None,
            definitions: Vec::new(),
            schedules: Vec::new(),
            fusion: true,
            layers: Vec::new(),
        }
    }

    /// Serves a workflow: its runs are carried on here.
    pub fn serve(mut self, definition: Definition) -> Self {
        self.definitions.push(definition);
        self
    }

    /// Runs groups of fusible steps in one pass (default), or every step alone, with the same result; see
    /// [`Family`](crate::Family). Workers of both kinds can carry the same runs.
    ///
    /// A worker that leaves a step to others, by [`slots_of`](Self::slots_of) or by its pools, has no pass with it.
    pub fn fusion(mut self, fusion: bool) -> Self {
        self.fusion = fusion;
        self
    }

    /// Keeps artifacts here; without, steps that put any fail.
    pub fn artifacts(mut self, artifacts: impl Artifacts + 'static) -> Self {
        self.artifacts = Some(Arc::new(artifacts));
        self
    }

    /// Makes the scratch folders of attempts below this one (default: `stagemark` in the system's folder for temporary
    /// files). What a worker that died left in it is removed at start.
    pub fn scratch(mut self, folder: impl AsRef<Path>) -> Self {
        folder.as_ref().clone_into(&mut self.scratch);
        self
    }

    /// Keeps up to so many bytes of what attempts read from the artifact store or write to it below the scratch folder too
    /// (default 0, and then nothing), so that the next step of a run need not fetch them: for artifact stores that are
    /// far away. What was not used for the longest time makes room, and what takes more than half of it is not kept.
    pub fn local_cache(mut self, bytes_max: u64) -> Self {
        self.cache_bytes = bytes_max;
        self
    }

    /// Leases tasks for this long (default 10 s, at least 1 s), renewed every third of it: so long after the death of
    /// a worker others take its runs over.
    pub fn lease(mut self, lease: Duration) -> Self {
        self.settings.lease = lease.max(Duration::from_secs(1));
        self
    }

    /// Looks into the store at least this often (default 1 s, at least 10 ms) for what nobody told of.
    pub fn poll(mut self, interval: Duration) -> Self {
        self.settings.poll = interval.max(Duration::from_millis(10));
        self
    }

    /// Runs at most so many attempts at a time (default 256).
    pub fn slots(mut self, slots: u32) -> Self {
        self.slots = slots.max(1);
        self
    }

    /// Runs at most so many attempts of the steps of this name at a time (default: as many as in all). With 0, this
    /// worker leaves the step to others.
    pub fn slots_of(mut self, step: Name, slots: u32) -> Self {
        self.slots_of.insert(step, slots);
        self
    }

    /// Belongs to these pools (default: [`DEFAULT_POOL`] alone): steps of other pools are left to other workers.
    pub fn pools(mut self, pools: impl IntoIterator<Item = Name>) -> Self {
        self.pools = pools.into_iter().collect();
        self
    }

    /// Is told of due runs by this broker, and tells others by it (default: the store's own way, where it has one).
    /// Messages make it fast and nothing else: with the broker down, workers look into the queue.
    pub fn dispatch(mut self, dispatch: impl Dispatch) -> Self {
        self.dispatch = Some(Arc::new(dispatch));
        self
    }

    /// Takes the [locks](crate::Attempt::lock) of attempts from here; without, steps that want one fail.
    pub fn locks(mut self, locks: impl Locks) -> Self {
        self.locks = Some(Arc::new(locks));
        self
    }

    /// Remembers idempotency keys here for a day, so that a submission that is made again costs no write. Without it,
    /// and whenever it forgot, the store's unique index decides.
    pub fn dedup(mut self, dedup: impl Dedup) -> Self {
        self.dedup = Some(Arc::new(dedup));
        self
    }

    /// Shows readers on other hosts the progress of the runs here, a few times a second; without, they see it in the
    /// store, a second late.
    pub fn live(mut self, live: impl Live) -> Self {
        self.live = Some(Arc::new(live));
        self
    }

    /// Keeps the limits over the whole fleet here ([`Step::fleet_limit`](crate::Step::fleet_limit),
    /// [`Step::rate`](crate::Step::rate)); without, an engine that serves a step with one does not start.
    pub fn limits(mut self, limits: impl Limits) -> Self {
        self.limits = Some(Arc::new(limits));
        self
    }

    /// Wraps every step in a `tower` layer; the last one given is the outermost.
    pub fn layer<L>(mut self, layer: L) -> Self
    where
        L: Layer<StepService> + Send + 'static,
        L::Service: Service<StepCall, Response = Arc<str>> + Clone + Send + Sync + 'static,
        <L::Service as Service<StepCall>>::Error: Into<StepError> + Send,
        <L::Service as Service<StepCall>>::Future: Send,
    {
        self.layers.push(Box::new(move |step| step.layered(&layer)));
        self
    }

    /// Starts the worker: checks the definitions against those that the store knows, and takes up what is waiting.
    pub async fn start(self) -> Result<Engine, StartError> {
        let scratch = ScratchRoot::open(&self.scratch)
            .map_err(|source| StartError::Scratch { path: self.scratch.clone(), source })?;
        let cache = (self.cache_bytes > 0)
            .then(|| LocalCache::open(scratch.path().join("artifacts"), self.cache_bytes))
            .transpose()
            .map_err(|source| StartError::Scratch { path: self.scratch.clone(), source })?;
        let mut definitions = self.definitions;
        let slots_of = without_other_pools(self.slots_of, &self.pools, definitions.iter().map(|one| &one.plan));
        if self.fusion {
            fuse(&mut definitions, &slots_of);
        }
        let plans = known(self.store.as_ref(), definitions, &self.layers).await?;
        let stats = Arc::new(Stats::default());
        let (committer, commits) = Committer::new(Arc::clone(&self.store), Arc::clone(&stats));
        let (relay, hints) = Relay::new(self.dispatch.or_else(|| self.store.doorbell()));
        let worker = WorkerId(uuid::Uuid::now_v7().as_u128());
        let permits = permits(self.limits, worker, self.settings.lease, served_by(&self.pools, &plans))?;
        let driver = Driver::new(Parts {
            worker,
            store: self.store,
            committer,
            plans,
            settings: self.settings,
            slots: Slots::new(self.slots, &slots_of, permits),
            pools: self.pools.iter().map(|pool| Arc::from(pool.as_str())).collect(),
            relay,
            dedup: self.dedup.map(|dedup| Aid::new(dedup, "dedup", "submissions are compared by the store alone")),
            live: self.live.map(Reporter::new),
            places: Arc::new(Places {
                artifacts: self.artifacts,
                cache,
                scratch: scratch.path().to_owned(),
                locks: self.locks.map(|locks| Locksmith::new(locks, self.settings.lease)),
            }),
        });
        // Before anything is leased: a lease of a worker that was never heard of has lapsed. The first call sets the
        // clock, and so may be wrong about how long the lease is; it protects nothing yet.
        driver.renew(Vec::new(), Vec::new()).await?;
        driver.renew(Vec::new(), Vec::new()).await?;
        schedules::define(&driver, &self.schedules).await?;
        tokio::spawn(commits);
        driver.turn_on(hints, self.schedules);
        Ok(Engine::new(Life { driver, stats, _scratch: scratch }))
    }
}

/// The slots of steps, none for those of other pools.
fn without_other_pools<'a>(
    mut slots_of: HashMap<Name, u32>,
    pools: &[Name],
    plans: impl Iterator<Item = &'a Plan>,
) -> HashMap<Name, u32> {
    for step in plans.flat_map(|plan| plan.steps.iter().flatten()) {
        if !pools.contains(&step.options.pool) {
            slots_of.insert(step.name, 0);
        }
    }
    slots_of
}

/// Makes groups of the steps that this worker runs and that nothing limits over the whole fleet: a limit is by the name
/// of a step, and a pass has many.
fn fuse(definitions: &mut [Definition], slots_of: &HashMap<Name, u32>) {
    let steps = definitions.iter().flat_map(|one| one.plan.steps.iter().flatten());
    let limited: HashSet<Name> = steps.filter(|step| step.options.is_limited()).map(|step| step.name).collect();
    for definition in definitions.iter_mut().filter(|one| one.fusion) {
        definition.plan.fuse(|step| !limited.contains(&step.name) && slots_of.get(&step.name) != Some(&0));
    }
}

/// The steps that workers of these pools run.
fn served_by<'a>(
    pools: &[Name],
    plans: &'a HashMap<(Arc<str>, u32), Arc<Plan>>,
) -> impl Iterator<Item = (Name, &'a Options)> {
    let steps = plans.values().flat_map(|plan| plan.steps.iter().flatten());
    steps.filter(|step| pools.contains(&step.options.pool)).map(|step| (step.name, &step.options))
}

/// What holds the permits of the steps that are limited over the whole fleet.
fn permits<'a>(
    limits: Option<Arc<dyn Limits>>,
    holder: WorkerId,
    time_to_live: Duration,
    mut steps: impl Iterator<Item = (Name, &'a Options)>,
) -> Result<Permits, StartError> {
    match limits {
        Some(limits) => {
            let limits = Arc::new(Aid::new(limits, "limits", "steps that are limited over the whole fleet wait"));
            Ok(Permits::new(&limits, holder, time_to_live, steps))
        }
        None => match steps.find(|(_, options)| options.is_limited()) {
            Some((step, _)) => Err(StartError::NoLimits { step }),
            None => Ok(Permits::default()),
        },
    }
}

/// The plans by name and version, each the same as the store knows it.
async fn known(
    store: &dyn Store,
    definitions: Vec<Definition>,
    layers: &[Wrap],
) -> Result<HashMap<(Arc<str>, u32), Arc<Plan>>, StartError> {
    let mut known = HashMap::new();
    for mut definition in definitions {
        let (workflow, version) = (definition.name(), definition.version());
        let graph = definition.plan.graph();
        let kept = store.graph(workflow.as_str(), version, Some(&graph)).await?.unwrap_or(graph);
        if let Some(difference) = definition.plan.difference(&kept) {
            return Err(StartError::Changed { workflow, version, difference });
        }
        for layer in layers {
            definition.wrap(layer);
        }
        if known.insert((Arc::from(workflow.as_str()), version), Arc::new(definition.plan)).is_some() {
            return Err(StartError::Twice { workflow, version });
        }
    }
    Ok(known)
}
