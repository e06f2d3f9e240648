//! A shelf in Redis, which all hosts share.

use std::time::Duration;

use async_trait::async_trait;
use stagemark::ports::AcceleratorError;
use stagemark_redis::{Redis, Reply, Script};
use uuid::Uuid;

use crate::{Shelf, Shown};

const LOOK: Script = Script::new("looking for the latest videos", include_str!("scripts/look.lua"));
const PUT: Script = Script::new("keeping the latest videos", include_str!("scripts/put.lua"));
const CLEAR: Script = Script::new("forgetting the latest videos", "return redis.call('DEL', KEYS[1])");

/// For how long somebody may read the database before what was read is not put on the shelf any more.
const READING: Duration = Duration::from_secs(30);

/// A shelf in Redis.
#[derive(Clone, Debug)]
pub struct RedisShelf {
    redis: Redis,
}

impl RedisShelf {
    /// The shelf that all hosts with this Redis share.
    pub fn new(redis: Redis) -> Self {
        Self { redis }
    }

    async fn run(&self, script: &Script, arguments: Vec<String>) -> Result<Reply, AcceleratorError> {
        self.redis.script(script, vec![self.redis.key("shelf", "latest")], arguments).await
    }
}

#[async_trait]
impl Shelf for RedisShelf {
    async fn look(&self, known: Option<Uuid>) -> Result<Shown, AcceleratorError> {
        let known = known.map(|known| known.to_string()).unwrap_or_default();
        let reply = self.run(&LOOK, vec![known, Uuid::new_v4().to_string(), millis(READING)]).await?;
        let unreadable =
            || AcceleratorError::new("looking for the latest videos", "it answered what no script of ours does");
        shown(&reply).ok_or_else(unreadable)
    }

    async fn put(&self, number: Uuid, text: &str, time_to_live: Duration) -> Result<bool, AcceleratorError> {
        let put = self.run(&PUT, vec![number.to_string(), text.to_owned(), millis(time_to_live)]).await?;
        Ok(put == Reply::Integer(1))
    }

    async fn clear(&self) -> Result<(), AcceleratorError> {
        self.run(&CLEAR, Vec::new()).await.map(drop)
    }
}

fn shown(reply: &Reply) -> Option<Shown> {
    let Reply::List(values) = reply else { return None };
    let Reply::Text(number) = values.first()? else { return None };
    let number = number.parse().ok()?;
    match values.get(1) {
        None => Some(Shown::Nothing(number)),
        Some(Reply::Text(text)) => Some(Shown::Text(number, text.clone())),
        Some(Reply::Integer(1)) => Some(Shown::Known),
        Some(_) => None,
    }
}

fn millis(duration: Duration) -> String {
    duration.as_millis().max(1).to_string()
}
