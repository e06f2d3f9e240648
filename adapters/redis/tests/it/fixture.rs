//! Connections to a real Redis.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use stagemark_redis::Redis;

/// A part of the Redis that all tests share, of this test's own.
pub(crate) async fn redis() -> Redis {
    static TESTS: AtomicU32 = AtomicU32::new(0);
    let url = stagemark_services::redis_url().unwrap();
    own(&url, &format!("test-{}-{}", std::process::id(), TESTS.fetch_add(1, Relaxed))).await
}

pub(crate) async fn own(url: &str, prefix: &str) -> Redis {
    Redis::options(url).unwrap().prefix(prefix).unwrap().connect().await.unwrap()
}
