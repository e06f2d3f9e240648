//! Runs in a `SQLite` file.

mod careful;
mod census;
mod claim;
mod graph;
mod heartbeat;
mod lapsed;
mod list;
mod load;
mod open;
mod outbox;
#[cfg(test)]
mod plans;
mod queue;
mod statements;
mod values;
mod write;

use std::sync::Arc;

use async_trait::async_trait;
use sea_orm::{DatabaseConnection, DbErr, TransactionTrait};
use stagemark::{
    RunId, Timestamp,
    ports::{
        Census, Claim, Claimed, Count, Counts, Filter, Forgotten, Found, Heartbeats, Hint, History, Maker, Outbox,
        Outcome, Page, Paged, Record, Renewed, ResultKey, Results, ScheduleRow, Schedules, Store, StoreError, Summary,
        Wanted, Write,
    },
};

use crate::{error::failed, history, results, schedules};

pub(crate) use careful::submit;
pub(crate) use open::open;

/// A file with runs, and the connections to it.
#[derive(Debug)]
pub(crate) struct Sqlite {
    /// One connection: `SQLite` has one writer at a time, and waiting for it is better done in order.
    writer: DatabaseConnection,
    reader: DatabaseConnection,
}

#[async_trait]
impl Store for Sqlite {
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
        let ended = ended.map_err(|error| failed("looking for runs that ended", error))?;
        Ok(Renewed { ended, now: values::now() })
    }

    async fn list(&self, filter: &Filter) -> Result<Vec<Summary>, StoreError> {
        list::list(&self.reader, filter).await.map_err(|error| failed("listing runs", error))
    }

    async fn graph(&self, workflow: &str, version: u32, proposed: Option<&str>) -> Result<Option<String>, StoreError> {
        let kept = graph::graph(self, workflow, version, proposed).await;
        kept.map_err(|error| failed("looking up the graph of a workflow", error))
    }
}

#[async_trait]
impl Census for Sqlite {
    async fn census(&self, count: &Count) -> Result<Counts, StoreError> {
        census::census(&self.reader, count).await.map_err(|error| failed("counting runs", error))
    }
}

#[async_trait]
impl History for Sqlite {
    async fn page(&self, page: &Page) -> Result<Paged, StoreError> {
        history::page(&self.reader, page).await.map_err(|error| failed("listing runs", error))
    }

    async fn forget(&self, run: RunId) -> Result<Forgotten, StoreError> {
        let forgotten: Result<_, DbErr> = async {
            let transaction = self.writer.begin_with_options(statements::immediate()).await?;
            let forgotten = history::forget(&transaction, run).await?;
            transaction.commit().await?;
            Ok(forgotten)
        }
        .await;
        forgotten.map_err(|error| failed("forgetting a run", error))
    }
}

#[async_trait]
impl Outbox for Sqlite {
    async fn unsent(&self, before: Timestamp, limit: u32) -> Result<Vec<Hint>, StoreError> {
        outbox::unsent(&self.reader, before, limit).await.map_err(|error| failed("reading the outbox", error))
    }

    async fn sent(&self, hints: &[Hint]) -> Result<(), StoreError> {
        outbox::sent(&self.writer, hints).await.map_err(|error| failed("emptying the outbox", error))
    }
}

#[async_trait]
impl Results for Sqlite {
    async fn want(&self, wanted: &Wanted) -> Result<Found, StoreError> {
        let found = results::want(&self.reader, &self.writer, wanted).await;
        found.map_err(|error| failed("looking up a result", error))
    }

    async fn give_up(&self, key: ResultKey, maker: Maker) -> Result<(), StoreError> {
        results::give_up(&self.writer, key, maker).await.map_err(|error| failed("giving up a result", error))
    }

    async fn expire(&self, before: Timestamp, limit: u32) -> Result<u32, StoreError> {
        results::expire(&self.writer, before, limit).await.map_err(|error| failed("removing old results", error))
    }

    async fn outputs(&self) -> Result<Vec<Arc<str>>, StoreError> {
        results::outputs(&self.reader).await.map_err(|error| failed("reading results", error))
    }
}

#[async_trait]
impl Schedules for Sqlite {
    async fn schedules(&self) -> Result<Vec<ScheduleRow>, StoreError> {
        schedules::all(&self.reader).await.map_err(|error| failed("reading schedules", error))
    }

    async fn put_schedule(&self, row: &ScheduleRow) -> Result<bool, StoreError> {
        schedules::put(&self.writer, row).await.map_err(|error| failed("writing a schedule", error))
    }
}
