//! Private servers for tests and demos: `PostgreSQL`, Redis, `RabbitMQ`, an S3 store, and nginx in front.
//!
//! Each is the real thing, from the distribution's packages (the S3 store from a Python package), on free ports of
//! 127.0.0.1, in a folder of its own and behind a password of its own. Servers that already run are never touched.
//!
//! A test that wants a server asks for its address. Where the environment names one (`DATABASE_URL`, `REDIS_URL`,
//! `AMQP_URL`, `S3_ENDPOINT`), that is it; else one is started, once a process, and it ends with the process:
//!
//! ```no_run
//! # fn main() -> Result<(), stagemark_services::ServiceError> {
//! let url = stagemark_services::database_url()?;
//! assert!(url.starts_with("postgres://"));
//! # Ok(()) }
//! ```
//!
//! A test that does harm starts one for itself, and may kill, pause and restart it:
//!
//! ```no_run
//! # fn main() -> Result<(), stagemark_services::ServiceError> {
//! use stagemark_services::Redis;
//!
//! let redis = Redis::temporary()?;
//! redis.kill()?;
//! redis.start_again()?;
//! assert!(redis.url().starts_with("redis://"));
//! # Ok(()) }
//! ```

mod address;
mod built;
mod certificate;
mod error;
mod folder;
mod front;
mod page;
mod place;
mod ports;
mod postgres;
mod process;
mod programs;
mod rabbitmq;
mod redis;
mod s3;
mod server;
mod site;
mod spawn;
mod wheel;

pub use address::{S3Address, amqp_url, database_url, redis_url, s3_address};
pub use built::{Built, OHA};
pub use certificate::Pair;
pub use error::ServiceError;
pub use front::{Front, FrontKind};
pub use place::{Place, Secret};
pub use ports::free_ports;
pub use postgres::{Postgres, PostgresKind, Shutdown};
pub use programs::find;
pub use rabbitmq::{RabbitMq, RabbitMqKind};
pub use redis::{Redis, RedisKind};
pub use s3::{S3, S3Kind};
pub use server::{Kind, Server};
pub use site::Site;
pub use wheel::{COMPOSE, HADOLINT, NODE, SCHEMATHESIS, WEED, Wheel};
