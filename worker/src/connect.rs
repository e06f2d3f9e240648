//! Opens what the settings name.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use stagemark::{
    Engine,
    ports::{Artifacts, StoreErrorKind},
};
use stagemark_blob::LocalArtifacts;
use stagemark_sql::SqlStore;
use tokio::time::sleep;

use crate::{
    ArtifactPlace, Settings, WorkerError,
    health::{Condition, Health, Probe},
};

/// How long to wait before a database that is away is tried again.
const PAUSE: Duration = Duration::from_secs(1);

/// The engine in the making, with all that the settings name.
pub(crate) async fn connect(settings: &Settings, health: &Health) -> Result<stagemark::Builder, WorkerError> {
    let builder = Engine::builder(database(settings).await?);
    let builder = artifacts(settings, health, builder)?;
    let builder = broker(settings, builder)?;
    redis(settings, builder)
}

/// The database. A server that is away is waited for, as it would be later: hosts start in any order.
async fn database(settings: &Settings) -> Result<SqlStore, WorkerError> {
    let address = &settings.database;
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

type Builder = stagemark::Builder;

fn artifacts(settings: &Settings, health: &Health, builder: Builder) -> Result<Builder, WorkerError> {
    match &settings.artifacts {
        ArtifactPlace::Folder(folder) => {
            let opened = LocalArtifacts::open(folder);
            let place = folder.display().to_string();
            let artifacts = opened.map_err(|source| WorkerError::Artifacts { place, source: source.into() })?;
            health.add("artifacts", Condition::Degraded, OfArtifacts(Arc::new(artifacts.clone())));
            Ok(builder.artifacts(artifacts))
        }
        ArtifactPlace::S3(_) => Err(WorkerError::NotBuilt { setting: "s3_bucket", feature: "s3" }),
    }
}

fn broker(settings: &Settings, builder: Builder) -> Result<Builder, WorkerError> {
    match &settings.broker {
        Some(_) => Err(WorkerError::NotBuilt { setting: "amqp_url", feature: "amqp" }),
        None => Ok(builder),
    }
}

fn redis(settings: &Settings, builder: Builder) -> Result<Builder, WorkerError> {
    match &settings.redis {
        Some(_) => Err(WorkerError::NotBuilt { setting: "redis_url", feature: "redis" }),
        None => Ok(builder),
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

struct OfArtifacts(Arc<dyn Artifacts>);

#[async_trait]
impl Probe for OfArtifacts {
    async fn probe(&self) -> Result<(), String> {
        self.0.size_bytes("kept/stagemark-readiness").await.map(drop).map_err(|error| error.to_string())
    }
}
