//! Redis, with which locks, dedup, live progress and limits are fast and fleet-wide.

#[cfg(feature = "redis")]
pub(super) use accelerators::accelerate;
#[cfg(not(feature = "redis"))]
pub(super) use without::accelerate;

#[cfg(feature = "redis")]
mod accelerators {
    use async_trait::async_trait;
    use stagemark::{Builder, ports::Dedup};
    use stagemark_redis::Redis;

    use crate::{
        Settings, WorkerError,
        health::{Condition, Health, Probe},
    };

    pub(crate) async fn accelerate(
        settings: &Settings,
        health: &Health,
        builder: Builder,
    ) -> Result<Builder, WorkerError> {
        let Some(address) = &settings.redis else { return Ok(builder) };
        let connected = Redis::connect(address.expose()).await;
        let refused = |source| WorkerError::Redis { address: address.clone(), source: Box::new(source) };
        let redis = connected.map_err(refused)?;
        health.add("redis", Condition::Degraded, OfRedis(redis.clone()));
        Ok(builder.locks(redis.clone()).dedup(redis.clone()).live(redis.clone()).limits(redis))
    }

    struct OfRedis(Redis);

    #[async_trait]
    impl Probe for OfRedis {
        async fn probe(&self) -> Result<(), String> {
            // One look-up by key: of a workflow that has no name, and so no runs.
            self.0.recall("", "stagemark-readiness").await.map(drop).map_err(|error| error.to_string())
        }
    }
}

#[cfg(not(feature = "redis"))]
mod without {
    use stagemark::Builder;

    use crate::{Settings, WorkerError, health::Health};

    pub(crate) async fn accelerate(settings: &Settings, _: &Health, builder: Builder) -> Result<Builder, WorkerError> {
        match &settings.redis {
            Some(_) => Err(WorkerError::NotBuilt { setting: "redis_url", feature: "redis" }),
            None => Ok(builder),
        }
    }
}
