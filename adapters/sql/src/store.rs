//! The store: where each operation goes.

use async_trait::async_trait;
use sea_orm::{ConnectionTrait, DatabaseConnection, Value};
use stagemark::{
    RunId,
    ports::{Claim, Claimed, Filter, Heartbeats, Outcome, Record, Renewed, Store, StoreError, Summary, Write},
};

use crate::{
    OpenOptions, claim,
    error::{failed, unreadable},
    heartbeat, list, load,
    statements::{self, statement},
    write,
};

/// A `SQLite` file with the runs of an engine. A cheap handle: clones use the same connections.
///
/// The file is in WAL mode, with `synchronous=FULL` unless [asked otherwise](crate::Synchronous). Several processes may
/// use one file on one machine; on a network file system the locks that this needs are not to be relied on.
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
    /// One connection: `SQLite` has one writer at a time, and waiting for it is better done in order.
    pub(crate) writer: DatabaseConnection,
    pub(crate) reader: DatabaseConnection,
}

impl SqlStore {
    /// Opens a database such as `sqlite://stagemark.db`, and makes it if there is none.
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
}

#[async_trait]
impl Store for SqlStore {
    async fn write(&self, writes: &[Write]) -> Result<Vec<Outcome>, StoreError> {
        write::write(&self.writer, writes).await.map_err(|error| failed("committing runs and markers", error))
    }

    async fn claim(&self, claim: &Claim) -> Result<Claimed, StoreError> {
        claim::claim(self, claim).await
    }

    async fn load(&self, runs: &[RunId]) -> Result<Vec<Record>, StoreError> {
        load::load(&self.reader, runs).await
    }

    async fn heartbeat(&self, beats: &Heartbeats) -> Result<Renewed, StoreError> {
        heartbeat::renew(&self.writer, beats).await.map_err(|error| failed("renewing a lease", error))?;
        let ended = heartbeat::ended(&self.reader, &beats.watching).await;
        ended.map(|ended| Renewed { ended }).map_err(|error| failed("looking for runs that ended", error))
    }

    async fn list(&self, filter: &Filter) -> Result<Vec<Summary>, StoreError> {
        list::list(&self.reader, filter).await.map_err(|error| failed("listing runs", error))
    }

    async fn define(&self, workflow: &str, version: u32, graph: &str) -> Result<String, StoreError> {
        let doing = "looking up the graph of a workflow";
        let key = [Value::from(workflow), i64::from(version).into()];
        let find = || self.reader.query_one_raw(statement(statements::GRAPH, key.clone()));
        let mut found = find().await.map_err(|error| failed(doing, error))?;
        if found.is_none() {
            let row = [key[0].clone(), key[1].clone(), graph.into()];
            let made = self.writer.execute_raw(statement(statements::DEFINE, row)).await;
            made.map_err(|error| failed("keeping the graph of a workflow", error))?;
            found = find().await.map_err(|error| failed(doing, error))?;
        }
        let row = found.ok_or_else(|| unreadable(doing, "it is gone again"))?;
        row.try_get_by_index(0).map_err(|error| failed(doing, error))
    }
}
