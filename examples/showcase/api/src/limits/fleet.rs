//! Counts over all hosts, in Redis.

use std::time::Duration;

use stagemark_redis::{Redis, Script};

use crate::conditional;

const TAKE: Script = Script::new("counting how often somebody asks", include_str!("take.lua"));

/// What all hosts have counted. Where Redis is away it says nothing, and each host goes by what it has counted itself.
#[derive(Debug)]
pub(super) struct Fleet {
    redis: Redis,
}

impl Fleet {
    pub(super) fn new(redis: Redis) -> Self {
        Self { redis }
    }

    /// Takes one of so many a minute, or gives how long to wait for it.
    pub(super) async fn take(&self, what: &str, who: &str, a_minute: u32) -> Result<(), Duration> {
        // Names and addresses of people do not stand in keys.
        let key = self.redis.key(&format!("asked-{what}"), &conditional::tag(who.as_bytes()));
        match self.redis.script(&TAKE, vec![key], vec![a_minute.to_string()]).await {
            Ok(reply) => match reply.number() {
                Some(wait_ms) if wait_ms > 0 => Err(Duration::from_millis(wait_ms)),
                _ => Ok(()),
            },
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::debug!(error, "how often somebody asks is counted by each host for now");
                Ok(())
            }
        }
    }
}
