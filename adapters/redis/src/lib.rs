//! Keeps the locks, idempotency keys, live progress and limits of a Stagemark fleet in Redis.
//!
//! [`Redis`] is all four accelerators of the engine; give it to those that are wanted:
//!
//! ```no_run
//! # async fn start(url: &str, store: impl stagemark::ports::Store) -> Result<(), Box<dyn std::error::Error>> {
//! use stagemark::Engine;
//! use stagemark_redis::Redis;
//!
//! let redis = Redis::connect(url).await?;
//! let engine = Engine::builder(store)
//!     .locks(redis.clone())
//!     .dedup(redis.clone())
//!     .live(redis.clone())
//!     .limits(redis)
//!     .start()
//!     .await?;
//! # Ok(()) }
//! ```
//!
//! Redis may be flushed, restarted, paused or away at any moment: then the engine is slower, and never wrong. It works
//! on one node and on a Redis cluster. Feature `tls` speaks to servers with `rediss://` addresses.

mod dedup;
mod error;
mod keys;
mod limits;
mod link;
mod live;
mod locks;
mod options;
mod script;
#[cfg(feature = "tls")]
mod tls;

pub use error::RedisError;
pub use link::Redis;
pub use options::Options;
pub use script::{Reply, Script};
