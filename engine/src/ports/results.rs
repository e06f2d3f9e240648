//! The port to the results that are kept: looked up, made once, and forgotten in time.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use stagemark_rules::{TaskId, Timestamp, WorkerId};

use super::StoreError;
use crate::RunId;

/// Keeps outputs of steps by what they depend on. It is a part of each [`Store`](super::Store), which writes them with
/// the markers of the steps that made them, as [`Change::results`](super::Change::results) says.
///
/// The contract, each clause of which is a case of the conformance suite:
/// - A result that is kept is given to everyone who wants it, up to its last moment, that one included.
/// - Of several who want one that is not kept, one is granted to make it; the others are told that it is being made. It is
///   granted again once the maker gives up, the moment comes that it named, or the lease of its worker ends; to the maker
///   itself, by its run and task, at any time.
/// - A result that the one who wants it cannot use is granted to be made anew, if it is still the one that is kept.
/// - A result of an accepted change replaces what is kept under its key, whoever was granted to make it; one of a refused
///   change is not kept.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use stagemark::{MemoryStore, RunId, Timestamp, WorkerId};
/// use stagemark::ports::{Found, Heartbeats, Maker, ResultKey, Results, Store, TaskId, Wanted};
///
/// let (store, worker, now) = (MemoryStore::new(), WorkerId(1), Timestamp(1_000));
/// let (until, beats, watching) = (Timestamp(60_000), vec![], vec![]);
/// store.heartbeat(&Heartbeats { worker, now, until, beats, watching }).await?;
///
/// let maker = || Maker { run: RunId::new(), task: TaskId::of(1), worker };
/// let (key, step) = (ResultKey([7; 32]), "trim".into());
/// let wanted = Wanted { key, step, maker: maker(), now, until, useless: None };
/// assert_eq!(store.want(&wanted).await?, Found::Granted);
/// assert_eq!(store.want(&Wanted { maker: maker(), ..wanted }).await?, Found::Busy);
/// # Ok(()) }
/// ```
#[async_trait]
pub trait Results: Send + Sync {
    /// Looks a result up; where there is none, or one that is of no use, may grant it to be made.
    async fn want(&self, wanted: &Wanted) -> Result<Found, StoreError>;

    /// Takes back what was granted to this maker; a result that is kept by now stays.
    async fn give_up(&self, key: ResultKey, maker: Maker) -> Result<(), StoreError>;

    /// Removes what may not be taken any more since before this moment, at most so many; tells how many were.
    async fn expire(&self, before: Timestamp, limit: u32) -> Result<u32, StoreError>;

    /// The outputs of all results that are kept, as JSON, and those of markers that tell of one that was taken: what
    /// these name must not be removed, whichever run has made it.
    async fn outputs(&self) -> Result<Vec<Arc<str>>, StoreError>;
}

/// What a result is kept under: a hash of the step, its version, its parameters and its input.
///
/// ```
/// assert!(stagemark::ports::ResultKey([0xab; 32]).to_string().starts_with("abab"));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResultKey(pub [u8; 32]);

impl fmt::Display for ResultKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ResultKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ResultKey({self})")
    }
}

/// Who makes a result: the task that wants it, and the worker that tries it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Maker {
    /// The run.
    pub run: RunId,
    /// The task; of a pass the first.
    pub task: TaskId,
    /// The worker.
    pub worker: WorkerId,
}

/// That a task wants a result.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Which result.
    pub key: ResultKey,
    /// The name of the step that makes it.
    pub step: Arc<str>,
    /// Who would make it.
    pub maker: Maker,
    /// What time it is.
    pub now: Timestamp,
    /// When it will have been made, or not at all.
    pub until: Timestamp,
    /// What is kept and of no use: it names an artifact that is gone, or is not what the step makes today.
    pub useless: Option<Arc<str>>,
}

/// What became of a wish for a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// It is kept: this is the output, as JSON.
    Kept(Arc<str>),
    /// It is for the one who asked to make it, or to give it up.
    Granted,
    /// Another one makes it.
    Busy,
}

/// A result to be kept, with the marker of the task that made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptResult {
    /// What it is kept under.
    pub key: ResultKey,
    /// The name of the step that made it.
    pub step: Arc<str>,
    /// Who made it.
    pub maker: Maker,
    /// The output, as JSON.
    pub output: Arc<str>,
    /// The last moment at which it may be taken.
    pub until: Timestamp,
}
