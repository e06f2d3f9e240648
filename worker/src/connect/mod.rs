//! Opens what the settings name.

mod artifacts;
mod broker;
mod redis;

use std::time::Duration;

use async_trait::async_trait;
use stagemark::{Builder, Engine, ports::StoreErrorKind};
use stagemark_sql::SqlStore;
use tokio::time::sleep;

use crate::{
    Settings, WorkerError,
    health::{Health, Probe},
};

/// How long to wait before a server that is away is tried again.
const PAUSE: Duration = Duration::from_secs(1);

/// The engine in the making, with all that the settings name.
pub(crate) async fn connect(settings: &Settings, health: &Health) -> Result<Builder, WorkerError> {
    let builder = Engine::builder(database(settings).await?);
    let builder = artifacts::keep(settings, health, builder).await?;
    let builder = broker::dispatch(settings, health, builder).await?;
    redis::accelerate(settings, health, builder).await
}

/// The database. A server that is away is waited for, as it would be later: hosts start in any order.
async fn database(settings: &Settings) -> Result<SqlStore, WorkerError> {
    let address = &settings.database;
    if cfg!(not(feature = "postgres")) && address.scheme() != "sqlite" {
        return Err(WorkerError::NotBuilt { setting: "database_url", feature: "postgres" });
    }
    let mut told = false;
    loop {
        let source = match SqlStore::open(address.expose()).await {
            Ok(store) => return Ok(store),
            Err(source) => source,
        };
        if address.scheme() == "sqlite" || source.kind != StoreErrorKind::Unreachable {
            return Err(WorkerError::Database { address: address.clone(), source });
        }
        if !std::mem::replace(&mut told, true) {
            tracing::warn!(%address, "the database cannot be reached; it is waited for");
        }
        sleep(PAUSE).await;
    }
}

/// An engine's database.
pub(crate) struct OfDatabase(pub(crate) Engine);

#[async_trait]
impl Probe for OfDatabase {
    async fn probe(&self) -> Result<(), String> {
        // Its causes may name hosts and users, which are nobody's business who may ask.
        self.0.ping().await.map_err(|error| error.to_string())
    }
}
