//! What a step is given besides its input: who it is, and how to report, stop and keep files.

mod files;
mod pass;

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde::{Serialize, de::DeserializeOwned};
use stagemark_rules::TaskId;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{
    Lock, LockError, MemoryLocks, Name, RunId, StepError,
    local_cache::LocalCache,
    lock::Locksmith,
    ports::{Artifacts, Companion},
};

/// How long locks of attempts without an engine hold when they are not renewed.
const STANDALONE_LOCKS: Duration = Duration::from_secs(10);

/// One try of a task, as its step sees it. A cheap handle: clones are the same attempt.
///
/// ```
/// use stagemark::{Attempt, StepError};
///
/// async fn count(attempt: &Attempt, lines: Vec<String>) -> Result<usize, StepError> {
///     let done = attempt.resume::<usize>()?.unwrap_or(0); // where an earlier attempt came to
///     for (n, _line) in lines.iter().enumerate().skip(done) {
///         attempt.progress(n as f64 / lines.len() as f64, "counting");
///         attempt.checkpoint(&n)?;
///     }
///     Ok(lines.len())
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Attempt {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    identity: Identity,
    cancel: CancellationToken,
    resume: Option<Arc<str>>,
    key: std::sync::OnceLock<String>,
    beat: Mutex<Option<Heartbeat>>,
    companions: Mutex<Vec<Arc<dyn Companion>>>,
    listener: Option<Listener>,
    /// The attempts at its steps, where it is a pass.
    members: Vec<Attempt>,
    places: Arc<Places>,
}

/// Which attempt of which task this is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Identity {
    pub(crate) run: RunId,
    pub(crate) task: TaskId,
    pub(crate) step: Name,
    pub(crate) number: u32,
    /// The pass that it is, if it is one: the node and the attempt number of its first step. The numbers of the others
    /// may be given again by a host that does not know of the pass; those two are not.
    pub(crate) pass: Option<(u16, u32)>,
}

/// Where attempts of this process keep their files and get their locks.
#[derive(Debug)]
pub(crate) struct Places {
    pub(crate) artifacts: Option<Arc<dyn Artifacts>>,
    pub(crate) cache: Option<Arc<LocalCache>>,
    pub(crate) scratch: PathBuf,
    pub(crate) locks: Option<Arc<Locksmith>>,
}

/// What was last heard from an attempt.
#[derive(Clone, Debug)]
pub(crate) struct Heartbeat {
    pub(crate) at: Instant,
    pub(crate) fraction: f64,
    pub(crate) message: Arc<str>,
    pub(crate) details: Option<Arc<str>>,
    /// Whether it changed since it was last stored.
    pub(crate) unsaved: bool,
    /// Whether the details did.
    pub(crate) details_unsaved: bool,
    /// Whether it changed since it was last told to readers on other hosts.
    pub(crate) untold: bool,
}

/// Who wants to know of an attempt's first heartbeat, and of each change.
pub(crate) type Listener = Arc<dyn Listen>;

pub(crate) trait Listen: Send + Sync + std::fmt::Debug {
    /// Called at each heartbeat; `first` at the first alone.
    fn heard(&self, attempt: &Attempt, first: bool);
}

impl Attempt {
    pub(crate) fn new(
        identity: Identity,
        cancel: CancellationToken,
        resume: Option<Arc<str>>,
        listener: Option<Listener>,
        places: Arc<Places>,
    ) -> Self {
        let (key, beat, companions, members) = Default::default();
        Self { inner: Arc::new(Inner { identity, cancel, resume, key, beat, companions, listener, members, places }) }
    }

    /// An attempt without an engine, to try a step in a test of its own.
    ///
    /// Its run exists nowhere; artifacts go where `artifacts` says, scratch folders below `scratch`, and its locks are
    /// its own. Cancel it with the token.
    pub fn standalone(artifacts: Arc<dyn Artifacts>, scratch: PathBuf, cancel: CancellationToken) -> Self {
        let (run, task, step) = (RunId::new(), TaskId::of(1), Name::new("standalone"));
        let identity = Identity { run, task, step, number: 1, pass: None };
        let locks = Some(Locksmith::new(Arc::new(MemoryLocks::new()), STANDALONE_LOCKS));
        let places = Places { artifacts: Some(artifacts), cache: None, scratch, locks };
        Self::new(identity, cancel, None, None, Arc::new(places))
    }

    pub(crate) fn identity(&self) -> Identity {
        self.inner.identity
    }

    /// The run this attempt belongs to.
    pub fn run(&self) -> RunId {
        self.inner.identity.run
    }

    /// The name of the step.
    pub fn step(&self) -> Name {
        self.inner.identity.step
    }

    /// Which item of an `each` this is, from 0; 0 for a step that stands alone.
    pub fn item(&self) -> u32 {
        self.inner.identity.task.item
    }

    /// The number of this attempt, from 1. It is the fencing token: what a later attempt has begun, this one cannot
    /// commit.
    pub fn number(&self) -> u32 {
        self.inner.identity.number
    }

    /// A name for this task that is the same in every attempt: hand it to services that drop repeated calls.
    pub fn idempotency_key(&self) -> &str {
        self.inner.key.get_or_init(|| {
            let Identity { run, task, step, .. } = self.inner.identity;
            format!("{run}/{}-{step}/{}", task.node, task.item)
        })
    }

    /// Reports that the attempt lives, how far it is (0 to 1) and what it does. Cheap: call it as often as you like,
    /// it is stored a few times a second at most.
    pub fn progress(&self, fraction: f64, message: impl Into<Arc<str>>) {
        let message = message.into();
        self.beat(|beat| {
            beat.fraction = if fraction.is_finite() { fraction.clamp(0.0, 1.0) } else { beat.fraction };
            beat.message = message;
        });
    }

    /// Reports that the attempt lives; a progress report counts as one.
    pub fn heartbeat(&self) {
        self.beat(|_| {});
    }

    /// Keeps details that the next attempt gets from [`resume`](Self::resume), should this one fail. They are stored
    /// with the next heartbeat, so a crash may lose the last second of them.
    ///
    /// # Errors
    /// If the details cannot be written as JSON.
    pub fn checkpoint<T: Serialize>(&self, details: &T) -> Result<(), StepError> {
        let details: Arc<str> = serde_json::to_string(details)?.into();
        self.beat(|beat| (beat.details, beat.details_unsaved) = (Some(details), true));
        Ok(())
    }

    /// The details that an earlier attempt kept last, or `None`.
    ///
    /// # Errors
    /// If they are not of this type.
    pub fn resume<T: DeserializeOwned>(&self) -> Result<Option<T>, StepError> {
        Ok(self.inner.resume.as_deref().map(serde_json::from_str).transpose()?)
    }

    /// Has this written in the transaction that commits the marker, should this attempt succeed: what it writes is
    /// there if, and only if, the marker is. Adapters offer it in terms of their own transactions, as
    /// `stagemark_sql::InTransaction` does.
    pub fn accompany(&self, companion: impl Companion + 'static) {
        self.companions().push(Arc::new(companion));
    }

    /// Waits for a named lock, which keeps out every other attempt that wants it, on all hosts that share its service
    /// (see [`Builder::locks`](crate::Builder::locks)). It is renewed in the background and released when it is
    /// dropped; of a worker that dies it is free after a [lease](crate::Builder::lease).
    ///
    /// While the service does not answer, it waits too; the timeout of the step bounds that.
    ///
    /// # Errors
    /// [`LockError::NoLocks`] if the engine has none, [`LockError::Cancelled`] if the attempt is to stop.
    pub async fn lock(&self, name: &str) -> Result<Lock, LockError> {
        let locks = self.inner.places.locks.as_ref().ok_or(LockError::NoLocks)?;
        tokio::select! {
            biased;
            () = self.cancelled() => Err(LockError::Cancelled),
            lock = locks.take(name) => lock.ok_or(LockError::Cancelled),
        }
    }

    /// Whether the attempt should stop: its run was cancelled, its lease was lost or its worker shuts down.
    pub fn is_cancelled(&self) -> bool {
        self.inner.cancel.is_cancelled()
    }

    /// Waits until the attempt should stop.
    pub async fn cancelled(&self) {
        self.inner.cancel.cancelled().await;
    }

    fn beat(&self, change: impl FnOnce(&mut Heartbeat)) {
        let first = {
            let mut slot = self.inner.beat.lock().unwrap_or_else(PoisonError::into_inner);
            let first = slot.is_none();
            let beat = slot.get_or_insert_with(|| Heartbeat {
                at: Instant::now(),
                fraction: 0.0,
                message: Arc::from(""),
                details: None,
                unsaved: true,
                details_unsaved: false,
                untold: true,
            });
            beat.at = Instant::now();
            (beat.unsaved, beat.untold) = (true, true);
            change(beat);
            first
        };
        if let Some(listener) = &self.inner.listener {
            listener.heard(self, first);
        }
    }

    fn companions(&self) -> std::sync::MutexGuard<'_, Vec<Arc<dyn Companion>>> {
        self.inner.companions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is to be written with the marker.
    pub(crate) fn take_companions(&self) -> Vec<Arc<dyn Companion>> {
        std::mem::take(&mut self.companions())
    }

    /// What was last heard, if anything was.
    pub(crate) fn heard(&self) -> Option<Heartbeat> {
        self.inner.beat.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What was heard since the last call, to be stored; only if the details changed where that is all that matters.
    pub(crate) fn take_unsaved(&self, details_alone: bool) -> Option<Heartbeat> {
        let mut slot = self.inner.beat.lock().unwrap_or_else(PoisonError::into_inner);
        let beat = slot.as_mut().filter(|beat| beat.details_unsaved || beat.unsaved && !details_alone)?;
        (beat.unsaved, beat.details_unsaved) = (false, false);
        Some(beat.clone())
    }

    /// What was heard since the last call, or ever, to be told.
    pub(crate) fn take_untold(&self, or_ever: bool) -> Option<Heartbeat> {
        let mut slot = self.inner.beat.lock().unwrap_or_else(PoisonError::into_inner);
        let beat = slot.as_mut().filter(|beat| beat.untold || or_ever)?;
        beat.untold = false;
        Some(beat.clone())
    }

    /// What was taken to be stored was not.
    pub(crate) fn set_unsaved(&self) {
        let mut slot = self.inner.beat.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(beat) = slot.as_mut() {
            beat.unsaved = true;
        }
    }
}
