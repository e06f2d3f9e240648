//! The store: which database keeps it.

use std::sync::Arc;

use async_trait::async_trait;
use stagemark::{
    RunId, Timestamp,
    ports::{
        Census, Claim, Claimed, Count, Counts, Filter, Forgotten, Found, Heartbeats, Hint, History, Maker, Outbox,
        Outcome, Page, Paged, Record, Renewed, ResultKey, Results, ScheduleRow, Schedules, Store, StoreError, Summary,
        Wanted, Write,
    },
};

use crate::{
    OpenOptions,
    spans::{self, System},
};

/// A database with the runs of an engine. A cheap handle: clones use the same connections.
///
/// A `SQLite` file is in WAL mode, with `synchronous=FULL` unless [asked otherwise](crate::Synchronous). Several
/// processes may use one file on one machine; on a network file system the locks that this needs are not to be relied
/// on. `PostgreSQL` is used by any number of processes on any number of machines; its tables lie in the first schema of
/// the search path, which a URL may name (`?options=-csearch_path%3Dstagemark`), and workers are woken by `NOTIFY` where
/// the engine is given no broker.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # std::env::set_current_dir(&folder)?;
/// use stagemark_sql::SqlStore;
///
/// let store = SqlStore::open("sqlite://stagemark.db").await?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct SqlStore {
    database: Arc<dyn Store>,
    system: System,
}

impl SqlStore {
    /// Opens a database such as `sqlite://stagemark.db`, and makes it if there is none, or one such as
    /// `postgres://stagemark@127.0.0.1/stagemark`, which must be there.
    ///
    /// # Errors
    /// As [`OpenOptions::open`].
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        Self::options().open(url).await
    }

    /// How to open a database otherwise than [`open`](Self::open) does.
    pub fn options() -> OpenOptions {
        OpenOptions::default()
    }

    pub(crate) fn of(database: impl Store, system: System) -> Self {
        Self { database: Arc::new(database), system }
    }
}

#[async_trait]
impl Store for SqlStore {
    async fn write(&self, writes: &[Write]) -> Result<Vec<Outcome>, StoreError> {
        spans::call(self.system.span_of(writes), self.database.write(writes)).await
    }

    async fn claim(&self, claim: &Claim) -> Result<Claimed, StoreError> {
        spans::call(self.system.span("SELECT", "SELECT stagemark_queue stagemark_run"), self.database.claim(claim))
            .await
    }

    async fn load(&self, runs: &[RunId]) -> Result<Vec<Record>, StoreError> {
        spans::call(self.system.span("SELECT", "SELECT stagemark_run stagemark_marker"), self.database.load(runs)).await
    }

    async fn heartbeat(&self, beats: &Heartbeats) -> Result<Renewed, StoreError> {
        spans::call(
            self.system.span("INSERT", "INSERT stagemark_worker stagemark_heartbeat"),
            self.database.heartbeat(beats),
        )
        .await
    }

    async fn list(&self, filter: &Filter) -> Result<Vec<Summary>, StoreError> {
        spans::call(self.system.span("SELECT", "SELECT stagemark_run"), self.database.list(filter)).await
    }

    async fn graph(&self, workflow: &str, version: u32, proposed: Option<&str>) -> Result<Option<String>, StoreError> {
        spans::call(
            self.system.span("SELECT", "SELECT stagemark_workflow"),
            self.database.graph(workflow, version, proposed),
        )
        .await
    }
}

#[async_trait]
impl Census for SqlStore {
    async fn census(&self, count: &Count) -> Result<Counts, StoreError> {
        spans::call(
            self.system.span("SELECT", "SELECT stagemark_run stagemark_queue stagemark_outbox"),
            self.database.census(count),
        )
        .await
    }
}

#[async_trait]
impl History for SqlStore {
    async fn page(&self, page: &Page) -> Result<Paged, StoreError> {
        spans::call(self.system.span("SELECT", "SELECT stagemark_run"), self.database.page(page)).await
    }

    async fn forget(&self, run: RunId) -> Result<Forgotten, StoreError> {
        spans::call(self.system.span("DELETE", "DELETE stagemark_run stagemark_marker"), self.database.forget(run))
            .await
    }
}

#[async_trait]
impl Outbox for SqlStore {
    async fn unsent(&self, before: Timestamp, limit: u32) -> Result<Vec<Hint>, StoreError> {
        spans::call(self.system.span("SELECT", "SELECT stagemark_outbox"), self.database.unsent(before, limit)).await
    }

    async fn sent(&self, hints: &[Hint]) -> Result<(), StoreError> {
        spans::call(self.system.span("DELETE", "DELETE stagemark_outbox"), self.database.sent(hints)).await
    }

    fn doorbell(&self) -> Option<Arc<dyn stagemark::ports::Dispatch>> {
        self.database.doorbell()
    }
}

#[async_trait]
impl Results for SqlStore {
    async fn want(&self, wanted: &Wanted) -> Result<Found, StoreError> {
        spans::call(self.system.span("SELECT", "SELECT stagemark_result"), self.database.want(wanted)).await
    }

    async fn give_up(&self, key: ResultKey, maker: Maker) -> Result<(), StoreError> {
        spans::call(self.system.span("DELETE", "DELETE stagemark_result"), self.database.give_up(key, maker)).await
    }

    async fn expire(&self, before: Timestamp, limit: u32) -> Result<u32, StoreError> {
        spans::call(self.system.span("DELETE", "DELETE stagemark_result"), self.database.expire(before, limit)).await
    }

    async fn outputs(&self) -> Result<Vec<Arc<str>>, StoreError> {
        spans::call(self.system.span("SELECT", "SELECT stagemark_result stagemark_marker"), self.database.outputs())
            .await
    }
}

#[async_trait]
impl Schedules for SqlStore {
    async fn schedules(&self) -> Result<Vec<ScheduleRow>, StoreError> {
        spans::call(self.system.span("SELECT", "SELECT stagemark_schedule"), self.database.schedules()).await
    }

    async fn put_schedule(&self, row: &ScheduleRow) -> Result<bool, StoreError> {
        spans::call(self.system.span("UPDATE", "UPDATE stagemark_schedule"), self.database.put_schedule(row)).await
    }
}
