//! The worker host: from settings to an engine that serves, and to an end that drains.

use std::{
    fmt,
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, OnceLock},
};

use clap::Parser;
use stagemark::{Definition, Engine, Name};
use tokio_util::task::AbortOnDropHandle;

use crate::{
    Environment, Key, Settings, SettingsError, Source, WorkerError,
    connect::{OfDatabase, connect},
    health::{Condition, Health, Stage},
    logs,
    pages::{Pages, Shown, health},
    recorder::Recorder,
    signals::Signals,
    traces::Traces,
};

/// Carries the runs of the workflows that it serves.
#[derive(Debug, Parser)]
struct Arguments {
    /// The settings, in TOML; variables of the environment come first
    #[arg(long, value_name = "FILE", env = "STAGEMARK_CONFIG")]
    config: Option<PathBuf>,
}

type Change = Box<dyn FnOnce(stagemark::Builder) -> stagemark::Builder + Send>;

/// A worker host in the making.
///
/// A whole program:
///
/// ```no_run
/// use stagemark::{Workflow, Name, from_fn};
/// use stagemark_worker::{Worker, WorkerError};
///
/// const SHOUT: Workflow<String, String> = Workflow::new("shout");
///
/// #[tokio::main]
/// async fn main() -> Result<(), WorkerError> {
///     let upper = from_fn(Name::new("upper"), |_, text: String| async move { Ok(text.to_uppercase()) });
///     Worker::from_env()?.serve(SHOUT.define(|text| text.then(upper))).run().await
/// }
/// ```
#[must_use = "a worker does nothing before it is run"]
pub struct Worker {
    settings: Settings,
    definitions: Vec<Definition>,
    changes: Vec<Change>,
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { settings, definitions, .. } = self;
        f.debug_struct("Worker").field("settings", settings).field("definitions", definitions).finish_non_exhaustive()
    }
}

impl Worker {
    /// A worker as the command line and the environment say: `--config FILE` (or `STAGEMARK_CONFIG`) names a file, and
    /// variables come before what is in it. `--help` and wrong arguments end the process, with a text that says why.
    pub fn from_env() -> Result<Self, WorkerError> {
        Self::from_env_with(&[], |_| Ok(())).map(|(worker, ())| worker)
    }

    /// As [`from_env`](Self::from_env), for a program that has settings of its own too: they may stand in the same file and
    /// in the environment, and are read from there.
    ///
    /// ```no_run
    /// use stagemark_worker::{Key, Worker, WorkerError};
    ///
    /// # async fn run() -> Result<(), WorkerError> {
    /// const OWN: &[Key] = &[Key::plain("shop", "SHOP")];
    /// let (worker, shop) = Worker::from_env_with(OWN, |source| source.get("shop"))?;
    /// println!("for {}", shop.as_ref().map_or("all shops", |given| given.text()));
    /// worker.run().await
    /// # }
    /// ```
    pub fn from_env_with<T>(
        own: &[Key],
        read: impl FnOnce(&Source<'_>) -> Result<T, SettingsError>,
    ) -> Result<(Self, T), WorkerError> {
        let Arguments { config } = Arguments::parse();
        let environment = Environment::of_process();
        let source = Source::open(config.as_deref(), &environment, own)?;
        Ok((Self::new(Settings::of(&source)?), read(&source)?))
    }

    /// A worker with these settings.
    pub fn new(settings: Settings) -> Self {
        Self { settings, definitions: Vec::new(), changes: Vec::new() }
    }

    /// The settings, for steps that use the same servers.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Serves a workflow: its runs are carried on here.
    pub fn serve(mut self, definition: Definition) -> Self {
        self.definitions.push(definition);
        self
    }

    /// Changes the engine before it is started, for what settings do not say: layers, for example.
    pub fn engine(mut self, change: impl FnOnce(stagemark::Builder) -> stagemark::Builder + Send + 'static) -> Self {
        self.changes.push(Box::new(change));
        self
    }

    /// [Starts](Self::start), and serves until the process is [told to stop](Host::until_told).
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub async fn run(self) -> Result<(), WorkerError> {
        let mut signals = Signals::listen()?;
        let host = tokio::select! {
            host = self.start() => host?,
            _ = signals.next() => return Ok(()),
        };
        host.until(signals, async {}).await;
        Ok(())
    }

    /// Starts: the log and the pages first, so that whoever watches sees that it starts, and then the engine. A database
    /// server that is away is waited for. Where the program logs by a subscriber of its own, that one stays.
    ///
    /// # Errors
    /// [`WorkerError`] tells what is wrong, and what to do.
    pub async fn start(self) -> Result<Host, WorkerError> {
        let Self { settings, definitions, changes } = self;
        let traces = logs::begin(&settings)?;
        let shown = Shown { health: Arc::new(Health::new()), recorder: Recorder::install()?, engine: OnceLock::new() };
        let shown = Arc::new(shown);
        let pages = match settings.listen {
            Some(address) => Some(Pages::open(address, Arc::clone(&shown)).await?),
            None => None,
        };
        let mut builder = connect(&settings, &shown.health).await?;
        builder = bounds(&settings, builder);
        for definition in definitions {
            builder = builder.serve(definition);
        }
        let engine = changes.into_iter().fold(builder, |builder, change| change(builder)).start().await?;
        shown.health.add("database", Condition::Down, OfDatabase(engine.clone()));
        let _only = shown.engine.set(engine.clone());
        let upkeep = shown.recorder.upkeep();
        shown.health.enter(Stage::Serving);
        tracing::info!(database = %settings.database, pools = settings.pools.join(","), "worker started");
        Ok(Host { engine, settings, shown, traces, pages, _upkeep: upkeep })
    }
}

/// The bounds that the settings set.
fn bounds(settings: &Settings, mut builder: stagemark::Builder) -> stagemark::Builder {
    builder = builder.slots(settings.slots).lease(settings.lease).poll(settings.poll);
    builder = builder.fusion(settings.fusion).local_cache(settings.local_cache_bytes);
    builder = builder.pools(settings.pools.iter().map(|pool| name(pool)));
    for (step, slots) in &settings.slots_of {
        builder = builder.slots_of(name(step), *slots);
    }
    match &settings.scratch_folder {
        Some(folder) => builder.scratch(folder),
        None => builder,
    }
}

/// A name from a setting, which was checked when it was read. Names live as long as the process, and so do settings.
fn name(text: &str) -> Name {
    Name::new(Box::leak(text.to_owned().into_boxed_str()))
}

/// A worker host that serves; see [`Worker::start`].
#[must_use = "a host that is dropped stops without grace"]
pub struct Host {
    engine: Engine,
    settings: Settings,
    shown: Arc<Shown>,
    traces: Option<Traces>,
    pages: Option<Pages>,
    _upkeep: AbortOnDropHandle<()>,
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Host {
    /// The engine, to submit runs and ask for their results in the process that serves them.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The settings that it was started with.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The pages `/livez` and `/readyz`, for a host that serves more over HTTP, where its clients look for them.
    pub fn health(&self) -> axum::Router {
        health(Arc::clone(&self.shown))
    }

    /// Where health and metrics are served.
    pub fn address(&self) -> Option<SocketAddr> {
        self.pages.as_ref().map(Pages::address)
    }

    /// Serves until the process is told to stop (SIGTERM or Ctrl-C), and then [drains](Self::drain). A second signal ends
    /// the process at once, with the exit code of one that was killed by it: what ran goes on elsewhere, once the lease
    /// has lapsed.
    ///
    /// # Errors
    /// [`WorkerError::Signals`] if signals cannot be heard.
    pub async fn until_told(self) -> Result<(), WorkerError> {
        self.until_told_before(async {}).await
    }

    /// As [`until_told`](Self::until_told), for a program that has more to end: once it is told to stop, `/readyz` says so,
    /// then this is awaited, and then the engine drains.
    ///
    /// # Errors
    /// [`WorkerError::Signals`] if signals cannot be heard.
    pub async fn until_told_before(self, first: impl Future<Output = ()>) -> Result<(), WorkerError> {
        self.until(Signals::listen()?, first).await;
        Ok(())
    }

    async fn until(self, mut signals: Signals, first: impl Future<Output = ()>) {
        let signal = signals.next().await;
        tracing::info!(%signal, "told to stop; steps that run get their time to finish");
        self.shown.health.enter(Stage::Draining);
        let end = async {
            first.await;
            self.drain().await;
        };
        tokio::select! {
            () = end => {}
            signal = signals.next() => std::process::exit(signal.exit_code()),
        }
    }

    /// Stops: `/readyz` says so, nothing is leased any more, what runs gets the grace of the settings, and the leases of
    /// the rest are handed back.
    pub async fn drain(self) {
        self.shown.health.enter(Stage::Draining);
        self.engine.shutdown(self.settings.grace).await;
        tracing::info!("worker ended");
        if let Some(traces) = self.traces {
            traces.end().await;
        }
    }
}
