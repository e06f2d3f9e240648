//! Runs as operators look for them: newest first, page by page.

use std::sync::Arc;

use stagemark_rules::{Status, Timestamp};

use crate::{
    FailedStep, RunId,
    ports::{Listed, Page, Paged},
};

/// How many runs a page has unless asked otherwise.
const LIMIT: u32 = 100;
/// How many runs a page has at most.
const LIMIT_MAX: u32 = 1_000;
/// How many runs are looked at for a page at most.
const LOOK_MAX: u32 = 10_000;

/// Which runs to tell of; see [`Engine::runs`](crate::Engine::runs).
///
/// ```
/// use stagemark::{RunFilter, Status};
///
/// let stopped = RunFilter::new().statuses([Status::Failed, Status::Cancelled]).workflow("publish-video").limit(20);
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct RunFilter {
    page: Page,
}

impl Default for RunFilter {
    fn default() -> Self {
        Self::new()
    }
}

impl RunFilter {
    /// All runs, the newest 100 first.
    pub fn new() -> Self {
        Self { page: Page { statuses: Vec::new(), workflow: None, before: None, limit: LIMIT, look: LOOK_MAX } }
    }

    /// Those of these statuses; none means every status.
    pub fn statuses(mut self, statuses: impl IntoIterator<Item = Status>) -> Self {
        self.page.statuses = statuses.into_iter().collect();
        self
    }

    /// Those of the workflow of this name, whatever the version.
    pub fn workflow(mut self, workflow: impl Into<Arc<str>>) -> Self {
        self.page.workflow = Some(workflow.into());
        self
    }

    /// Those that are older than a run, as [`RunPage::next`] names it.
    pub fn before(mut self, run: RunId) -> Self {
        self.page.before = Some(run);
        self
    }

    /// At most so many, from 1 to 1,000 (default 100).
    pub fn limit(mut self, limit: u32) -> Self {
        self.page.limit = limit.clamp(1, LIMIT_MAX);
        self
    }

    pub(crate) fn page(&self) -> &Page {
        &self.page
    }
}

/// Some runs, and where to go on.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use stagemark::{Engine, MemoryStore, RunFilter};
///
/// let engine = Engine::builder(MemoryStore::new()).start().await?;
/// let mut page = engine.runs(&RunFilter::new()).await?;
/// while let Some(next) = page.next {
///     page = engine.runs(&RunFilter::new().before(next)).await?;
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunPage {
    /// The runs, newest first.
    pub runs: Vec<RunSummary>,
    /// Before which run the next page begins; none after the last. A page may be short, or empty, and have it all the
    /// same: 10,000 runs are looked at for one at most.
    pub next: Option<RunId>,
}

/// A run in few words; see [`RunPage`].
///
/// ```
/// fn line(run: &stagemark::RunSummary) -> String {
///     format!("{} {} {} {}", run.run, run.workflow, run.status, run.error.as_deref().unwrap_or_default())
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunSummary {
    /// Which run.
    pub run: RunId,
    /// The name of its workflow.
    pub workflow: Arc<str>,
    /// The version that it is pinned to.
    pub version: u32,
    /// Where it is.
    pub status: Status,
    /// When it was accepted.
    pub submitted: Timestamp,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// The first line of why it failed; [`RunStatus::error`](crate::RunStatus::error) has all of it.
    pub error: Option<String>,
}

impl From<Paged> for RunPage {
    fn from(paged: Paged) -> Self {
        Self { runs: paged.runs.into_iter().map(RunSummary::from).collect(), next: paged.next }
    }
}

impl From<Listed> for RunSummary {
    fn from(listed: Listed) -> Self {
        let Listed { id: run, workflow, version, status, submitted, ended, error } = listed;
        let error = error.map(|error| first_line(&FailedStep::parse(&error)));
        Self { run, workflow, version, status, submitted, ended, error }
    }
}

fn first_line(failed: &FailedStep) -> String {
    failed.to_string().lines().next().unwrap_or_default().to_owned()
}
