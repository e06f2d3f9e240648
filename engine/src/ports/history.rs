//! The port to the runs as operators look for them: page by page, and forgotten for good.

use std::sync::Arc;

use async_trait::async_trait;
use stagemark_rules::{Status, Timestamp};

use super::StoreError;
use crate::RunId;

/// Tells of runs without their payloads, newest first, and removes those that have ended. It is a part of each
/// [`Store`](super::Store).
///
/// The contract, each clause of which is a case of the conformance suite:
/// - A page has the runs of the statuses and the workflow that are asked for, in falling order of their ids, from before
///   the one that is named.
/// - A page costs little however many runs there are: where runs that are ready are among those asked for, at most
///   [`look`](Page::look) runs are looked at. [`next`](Paged::next) tells where to go on, also after a page that is short
///   or empty for that reason; pages that follow each other have every run once.
/// - A run that has ended is forgotten whole, with its markers and its key: as if it had never been submitted. One that
///   has not ended stays as it is.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use stagemark::{MemoryStore, RunId, ports::{Forgotten, History, Page}};
///
/// let store = MemoryStore::new();
/// let page = store.page(&Page { statuses: vec![], workflow: None, before: None, limit: 10, look: 1000 }).await?;
/// assert!(page.runs.is_empty() && page.next.is_none());
/// assert_eq!(store.forget(RunId::new()).await?, Forgotten::Unknown);
/// # Ok(()) }
/// ```
#[async_trait]
pub trait History {
    /// Tells of runs, newest first.
    async fn page(&self, page: &Page) -> Result<Paged, StoreError>;

    /// Removes a run that has ended, and all that is stored of it.
    async fn forget(&self, run: RunId) -> Result<Forgotten, StoreError>;
}

/// Which runs to tell of.
#[derive(Clone, Debug)]
pub struct Page {
    /// Those of these statuses; of every status where there are none.
    pub statuses: Vec<Status>,
    /// Those of this workflow alone.
    pub workflow: Option<Arc<str>>,
    /// Those whose ids are smaller.
    pub before: Option<RunId>,
    /// At most so many.
    pub limit: u32,
    /// How many runs are looked at, at most, where ready ones are asked for.
    pub look: u32,
}

/// Some runs, and where to go on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Paged {
    /// The runs, newest first.
    pub runs: Vec<Listed>,
    /// Before which run the next page begins; none after the last.
    pub next: Option<RunId>,
}

/// A run without its payloads, and how it went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Which run.
    pub id: RunId,
    /// The name of its workflow.
    pub workflow: Arc<str>,
    /// Its version.
    pub version: u32,
    /// Its status.
    pub status: Status,
    /// When it was accepted.
    pub submitted: Timestamp,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// Why it failed, as JSON.
    pub error: Option<Arc<str>>,
}

/// What became of a run that was to be forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forgotten {
    /// It is gone.
    Removed,
    /// It has not ended, and stays.
    Live(Status),
    /// There is no such run.
    Unknown,
}

impl Page {
    /// Whether runs that are ready are asked for, which may be most of the table.
    pub fn has_ready(&self) -> bool {
        self.statuses.is_empty() || self.statuses.contains(&Status::Ready)
    }
}
