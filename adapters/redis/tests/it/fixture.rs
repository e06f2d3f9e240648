//! Connections to a real Redis, and what is asked of it.

use std::{
    sync::atomic::{AtomicU32, Ordering::Relaxed},
    time::Duration,
};

use stagemark::{
    Rate, WorkerId,
    ports::{Holding, Limits, LockToken, Locks, RateLimit, Semaphore},
};
use stagemark_redis::Redis;
use stagemark_services as services;
use tokio::time::{sleep, timeout};

/// The time to live of permits.
pub(crate) const TTL: Duration = Duration::from_millis(800);
/// Long enough not to be over within a test.
pub(crate) const LONG: Duration = Duration::from_mins(1);
/// How soon all must be well again after a fault, on a machine that does much else.
pub(crate) const WELL_AGAIN: Duration = Duration::from_secs(10);

/// A part of the Redis that all tests share, of this test's own.
pub(crate) async fn redis() -> Redis {
    own(&services::redis_url().unwrap()).await
}

/// A part of a Redis of this connection's own.
pub(crate) async fn own(url: &str) -> Redis {
    static PARTS: AtomicU32 = AtomicU32::new(0);
    let prefix = format!("test-{}-{}", std::process::id(), PARTS.fetch_add(1, Relaxed));
    Redis::options(url).unwrap().prefix(&prefix).unwrap().connect().await.unwrap()
}

/// A Redis that may be harmed, and a connection to it.
pub(crate) async fn to_harm() -> (services::Redis, Redis) {
    let server = services::Redis::temporary().unwrap();
    let redis = own(&server.url()).await;
    (server, redis)
}

/// Waits until something holds.
pub(crate) async fn until(mut holds: impl AsyncFnMut() -> bool) {
    let held = timeout(LONG, async {
        while !holds().await {
            sleep(Duration::from_millis(10)).await;
        }
    });
    held.await.expect("it should not take so long");
}

pub(crate) async fn answers(redis: &Redis) -> bool {
    redis.acquire("probe", LockToken(7), LONG).await.is_ok()
}

pub(crate) fn gpu() -> Semaphore {
    Semaphore { name: "gpu".into(), permits_max: 3 }
}

pub(crate) fn mail() -> RateLimit {
    RateLimit { name: "mail".into(), rate: Rate::new(10, Duration::from_secs(2)) }
}

/// A holder of permits.
pub(crate) struct Holder<'a> {
    pub(crate) redis: &'a Redis,
    worker: u128,
    pub(crate) held: u32,
    sequence: u64,
}

impl<'a> Holder<'a> {
    pub(crate) fn new(redis: &'a Redis, worker: u128) -> Self {
        Self { redis, worker, held: 0, sequence: 0 }
    }

    /// Says what it has, and gets more.
    pub(crate) async fn want(&mut self, wanted: u32) -> u32 {
        self.sequence += 1;
        let holding = Holding { holder: WorkerId(self.worker), held: self.held, wanted, sequence: self.sequence };
        let granted = self.redis.hold(&gpu(), &holding, TTL).await.unwrap();
        self.held += granted;
        granted
    }

    pub(crate) async fn get(&mut self, permits: u32) {
        until(async || {
            self.want(permits - self.held).await;
            self.held == permits
        })
        .await;
    }
}
