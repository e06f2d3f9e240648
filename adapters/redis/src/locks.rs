//! Locks: `SET NX PX` with a token, and beside it the greatest fencing token so far.

use std::time::Duration;

use async_trait::async_trait;
use fred::types::Value;
use stagemark::ports::{AcceleratorError, HeldLock, LockToken, Locks};

use crate::Redis;

const ACQUIRE: &str = include_str!("scripts/acquire.lua");
const RENEW: &str = include_str!("scripts/renew.lua");
const RELEASE: &str = include_str!("scripts/release.lua");

/// How long the last fencing token of a lock is kept. After it they grow by the clock of Redis alone.
const FENCE_KEPT: Duration = Duration::from_hours(30 * 24);

#[async_trait]
impl Locks for Redis {
    async fn acquire(
        &self,
        name: &str,
        token: LockToken,
        time_to_live: Duration,
    ) -> Result<Option<HeldLock>, AcceleratorError> {
        let doing = "taking a lock";
        let keys = vec![self.prefix().lock(name), self.prefix().fence(name)];
        let arguments = vec![text(token), millis(time_to_live), millis(FENCE_KEPT)];
        let fence: Option<String> = self.run(doing, ACQUIRE, keys, arguments).await?;
        let held = |fence: String| {
            let fencing_token = fence.parse().map_err(|error| AcceleratorError::new(doing, error))?;
            Ok(HeldLock { name: name.into(), token, fencing_token })
        };
        fence.map(held).transpose()
    }

    async fn renew(&self, held: &HeldLock, time_to_live: Duration) -> Result<bool, AcceleratorError> {
        let keys = vec![self.prefix().lock(&held.name), self.prefix().fence(&held.name)];
        let fence = held.fencing_token.to_string().into();
        let arguments = vec![text(held.token), millis(time_to_live), millis(FENCE_KEPT), fence];
        self.run("renewing a lock", RENEW, keys, arguments).await
    }

    async fn release(&self, held: &HeldLock) -> Result<bool, AcceleratorError> {
        let keys = vec![self.prefix().lock(&held.name)];
        self.run("releasing a lock", RELEASE, keys, vec![text(held.token)]).await
    }
}

fn text(token: LockToken) -> Value {
    format!("{:032x}", token.0).into()
}

/// A duration as Redis takes it, at least 1 ms.
pub(crate) fn millis(duration: Duration) -> Value {
    Value::Integer(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX).max(1))
}
