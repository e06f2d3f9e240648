//! The store: where each operation goes.

use async_trait::async_trait;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, TransactionTrait, Value};
use stagemark::{
    RunId,
    ports::{Claim, Claimed, Filter, Heartbeats, Outcome, Record, Renewed, Store, StoreError, Summary, Write},
};

use crate::{
    OpenOptions, claim,
    convert::{blob_of, ended_of, integer_of, status_of, text_of, worker_of},
    error::{failed, unreadable},
    load,
    statements::{self, places, statement},
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
        renew(&self.writer, beats).await.map_err(|error| failed("renewing a lease", error))?;
        let mut ended = Vec::new();
        for some in beats.watching.chunks(500) {
            let query = format!("SELECT id FROM stagemark_run WHERE status < 2 AND id IN ({})", places(some.len()));
            let live = self.reader.query_all_raw(statement(query, some.iter().map(|run| blob_of(*run)))).await;
            let live = live.map_err(|error| failed("looking for runs that ended", error))?;
            let live = live.iter().map(|row| row.try_get_by_index::<uuid::Uuid>(0)).collect::<Result<Vec<_>, _>>();
            let live = live.map_err(|error| failed("looking for runs that ended", error))?;
            ended.extend(some.iter().filter(|run| !live.contains(&run.uuid())));
        }
        Ok(Renewed { ended })
    }

    async fn list(&self, filter: &Filter) -> Result<Vec<Summary>, StoreError> {
        let doing = "listing runs";
        let values = [integer_of(filter.now.0), i64::from(filter.limit).into()];
        let query = if filter.ended { statements::LIST_ALL } else { statements::LIST_LIVE };
        let rows = self.reader.query_all_raw(statement(query, values)).await.map_err(|error| failed(doing, error))?;
        rows.iter().map(|row| summary(row).map_err(|error| failed(doing, error))).collect()
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

async fn renew(writer: &DatabaseConnection, beats: &Heartbeats) -> Result<(), DbErr> {
    let worker = worker_of(beats.worker);
    let lease = if beats.until < beats.now {
        statement(statements::END_LEASE, [worker, integer_of(beats.now.0)])
    } else {
        statement(statements::RENEW_LEASE, [worker, integer_of(beats.until.0)])
    };
    if beats.beats.is_empty() {
        writer.execute_raw(lease).await?;
        return Ok(());
    }
    let transaction = writer.begin_with_options(statements::immediate()).await?;
    transaction.execute_raw(lease).await?;
    for (run, beat) in &beats.beats {
        let values = [
            blob_of(*run),
            i64::from(beat.id.node).into(),
            i64::from(beat.id.item).into(),
            i64::from(beat.attempt).into(),
            beat.fraction.into(),
            text_of(&beat.message),
            beat.details.as_ref().map(ToString::to_string).into(),
        ];
        transaction.execute_raw(statement(statements::REPORT, values)).await?;
    }
    transaction.commit().await
}

fn summary(row: &sea_orm::QueryResult) -> Result<Summary, DbErr> {
    Ok(Summary {
        id: row.try_get_by_index::<uuid::Uuid>(0)?.into(),
        workflow: row.try_get_by_index::<String>(1)?.into(),
        version: row.try_get_by_index(2)?,
        status: status_of(row.try_get_by_index(3)?)?,
        holder: ended_of(row.try_get_by_index(4)?),
        leases: row.try_get_by_index(5)?,
        queued: row.try_get_by_index(6)?,
    })
}
