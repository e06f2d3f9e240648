//! Semaphores and rate limits: a hash each, changed by a script that goes by the clock of Redis.

use std::time::Duration;

use async_trait::async_trait;
use fred::types::Value;
use stagemark::ports::{AcceleratorError, Drawn, Holding, Limits, RateLimit, Semaphore};

use crate::{Redis, locks::millis};

const HOLD: &str = concat!(include_str!("scripts/server.lua"), include_str!("scripts/hold.lua"));
const DRAW: &str = concat!(include_str!("scripts/server.lua"), include_str!("scripts/draw.lua"));
const PUT_BACK: &str = include_str!("scripts/put_back.lua");

/// How long a limit that nobody uses is kept. One that was dropped is warmed up again, as a new one is.
const KEPT: Duration = Duration::from_hours(7 * 24);

#[async_trait]
impl Limits for Redis {
    async fn hold(
        &self,
        semaphore: &Semaphore,
        holding: &Holding,
        time_to_live: Duration,
    ) -> Result<u32, AcceleratorError> {
        let Holding { holder, held, wanted, sequence } = *holding;
        let mut arguments = vec![number(semaphore.permits_max), format!("{:032x}", holder.0).into()];
        arguments.extend([number(held), number(wanted), sequence.to_string().into()]);
        arguments.extend([millis(time_to_live), millis(KEPT)]);
        self.run("holding permits", HOLD, vec![self.prefix().semaphore(&semaphore.name)], arguments).await
    }

    async fn draw(&self, limit: &RateLimit, wanted: u32) -> Result<Drawn, AcceleratorError> {
        let arguments = vec![number(limit.rate.count()), millis(limit.rate.per()), number(wanted), millis(KEPT)];
        let keys = vec![self.prefix().rate(&limit.name)];
        let (granted, more_in, stamp): (u32, u64, u64) = self.run("drawing from a rate", DRAW, keys, arguments).await?;
        Ok(Drawn { granted, more_in: Duration::from_millis(more_in), stamp })
    }

    async fn put_back(&self, limit: &RateLimit, draw: Drawn, unused: u32) -> Result<(), AcceleratorError> {
        let arguments = vec![draw.stamp.to_string().into(), number(unused)];
        let keys = vec![self.prefix().rate(&limit.name)];
        self.run("putting back to a rate", PUT_BACK, keys, arguments).await
    }
}

fn number(count: u32) -> Value {
    Value::Integer(count.into())
}
