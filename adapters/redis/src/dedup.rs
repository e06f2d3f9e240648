//! Idempotency keys: each a key of Redis, with a time to live.

use std::time::Duration;

use async_trait::async_trait;
use fred::{interfaces::KeysInterface, types::Expiration};
use stagemark::{
    RunId,
    ports::{AcceleratorError, Dedup},
};

use crate::Redis;

#[async_trait]
impl Dedup for Redis {
    async fn recall(&self, workflow: &str, key: &str) -> Result<Option<RunId>, AcceleratorError> {
        let key = self.prefix().key(workflow, key);
        let run: Option<String> = self.ask("recalling a key", self.client().get(key)).await?;
        // What is no run is as good as forgotten: the store decides.
        Ok(run.and_then(|run| run.parse().ok()))
    }

    async fn remember(
        &self,
        workflow: &str,
        key: &str,
        run: RunId,
        time_to_live: Duration,
    ) -> Result<(), AcceleratorError> {
        let key = self.prefix().key(workflow, key);
        let expires = Expiration::PX(i64::try_from(time_to_live.as_millis()).unwrap_or(i64::MAX).max(1));
        let client = self.client();
        let set = client.set(key, run.to_string(), Some(expires), None, false);
        self.ask("remembering a key", set).await
    }
}
