//! Runs in `PostgreSQL`.

mod batch;
mod call;
mod careful;
mod census;
mod claim;
mod doorbell;
mod graph;
mod heartbeat;
mod list;
mod load;
mod open;
mod outbox;
mod pool;
mod statement;
mod values;
mod write;

use std::sync::Arc;

use async_trait::async_trait;
use sea_orm::TransactionTrait;
use stagemark::{
    RunId, Timestamp,
    ports::{
        Census, Claim, Claimed, Count, Counts, Dispatch, Filter, Forgotten, Found, Heartbeats, Hint, History, Maker,
        Outbox, Outcome, Page, Paged, Record, Renewed, ResultKey, Results, ScheduleRow, Schedules, Store, StoreError,
        Summary, Wanted, Write,
    },
};

use crate::{error::failed, history, results, schedules};
use doorbell::Doorbell;
use pool::Connections;

pub(crate) use careful::submit;
pub(crate) use open::open;

/// A database with runs, and the connections to it.
#[derive(Debug)]
pub(crate) struct Postgres {
    connections: Connections,
    doorbell: Arc<Doorbell>,
}

#[async_trait]
impl Store for Postgres {
    async fn write(&self, writes: &[Write]) -> Result<Vec<Outcome>, StoreError> {
        write::write(&self.connections, writes).await.map_err(|error| failed("committing runs and markers", error))
    }

    async fn claim(&self, claim: &Claim) -> Result<Claimed, StoreError> {
        claim::claim(&self.connections, claim).await.map_err(|error| failed("looking for runs to carry on", error))
    }

    async fn load(&self, runs: &[RunId]) -> Result<Vec<Record>, StoreError> {
        load::load(&self.connections, runs).await.map_err(|error| failed("reading runs", error))
    }

    async fn heartbeat(&self, beats: &Heartbeats) -> Result<Renewed, StoreError> {
        heartbeat::heartbeat(&self.connections, beats).await.map_err(|error| failed("renewing a lease", error))
    }

    async fn list(&self, filter: &Filter) -> Result<Vec<Summary>, StoreError> {
        list::list(&self.connections, filter).await.map_err(|error| failed("listing runs", error))
    }

    async fn graph(&self, workflow: &str, version: u32, proposed: Option<&str>) -> Result<Option<String>, StoreError> {
        let kept = graph::graph(&self.connections, workflow, version, proposed).await;
        kept.map_err(|error| failed("looking up the graph of a workflow", error))
    }
}

#[async_trait]
impl Census for Postgres {
    async fn census(&self, count: &Count) -> Result<Counts, StoreError> {
        census::census(&self.connections, count).await.map_err(|error| failed("counting runs", error))
    }
}

#[async_trait]
impl History for Postgres {
    async fn page(&self, page: &Page) -> Result<Paged, StoreError> {
        let paged = self.connections.in_time(history::page(&self.connections.shared, page)).await;
        paged.map_err(|error| failed("listing runs", error))
    }

    async fn forget(&self, run: RunId) -> Result<Forgotten, StoreError> {
        let forgotten = self.connections.in_time(async {
            let transaction = self.connections.shared.begin().await?;
            let forgotten = history::forget(&transaction, run).await?;
            transaction.commit().await?;
            Ok(forgotten)
        });
        forgotten.await.map_err(|error| failed("forgetting a run", error))
    }
}

#[async_trait]
impl Outbox for Postgres {
    async fn unsent(&self, before: Timestamp, limit: u32) -> Result<Vec<Hint>, StoreError> {
        outbox::unsent(&self.connections, before, limit).await.map_err(|error| failed("reading the outbox", error))
    }

    async fn sent(&self, hints: &[Hint]) -> Result<(), StoreError> {
        outbox::sent(&self.connections, hints).await.map_err(|error| failed("emptying the outbox", error))
    }

    fn doorbell(&self) -> Option<Arc<dyn Dispatch>> {
        Some(Arc::clone(&self.doorbell) as Arc<dyn Dispatch>)
    }
}

#[async_trait]
impl Results for Postgres {
    async fn want(&self, wanted: &Wanted) -> Result<Found, StoreError> {
        let shared = &self.connections.shared;
        let found = self.connections.in_time(results::want(shared, shared, wanted)).await;
        found.map_err(|error| failed("looking up a result", error))
    }

    async fn give_up(&self, key: ResultKey, maker: Maker) -> Result<(), StoreError> {
        let given_up = self.connections.in_time(results::give_up(&self.connections.shared, key, maker)).await;
        given_up.map_err(|error| failed("giving up a result", error))
    }

    async fn expire(&self, before: Timestamp, limit: u32) -> Result<u32, StoreError> {
        let removed = self.connections.in_time(results::expire(&self.connections.shared, before, limit)).await;
        removed.map_err(|error| failed("removing old results", error))
    }

    async fn outputs(&self) -> Result<Vec<Arc<str>>, StoreError> {
        let outputs = self.connections.in_time(results::outputs(&self.connections.shared)).await;
        outputs.map_err(|error| failed("reading results", error))
    }
}

#[async_trait]
impl Schedules for Postgres {
    async fn schedules(&self) -> Result<Vec<ScheduleRow>, StoreError> {
        let all = self.connections.in_time(schedules::all(&self.connections.shared)).await;
        all.map_err(|error| failed("reading schedules", error))
    }

    async fn put_schedule(&self, row: &ScheduleRow) -> Result<bool, StoreError> {
        let written = self.connections.in_time(schedules::put(&self.connections.shared, row)).await;
        written.map_err(|error| failed("writing a schedule", error))
    }
}
