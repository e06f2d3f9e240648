//! Where tests find their servers: where the environment says, else in one of this process's own.

use std::{
    env,
    sync::{Mutex, PoisonError},
};

use crate::{
    Postgres, PostgresKind, RabbitMq, RabbitMqKind, Redis, RedisKind, S3, S3Kind, Secret, ServiceError,
    server::{Kind, Server},
};

/// What a client of an S3 store must know.
///
/// ```
/// use stagemark_services::{S3Address, Secret};
///
/// let address = S3Address {
///     endpoint: "http://127.0.0.1:8333".to_owned(),
///     bucket: "videos".to_owned(),
///     access_key_id: "me".to_owned(),
///     secret_access_key: Secret::new("hunter2"),
/// };
/// assert!(!format!("{address:?}").contains("hunter2"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct S3Address {
    /// Its URL.
    pub endpoint: String,
    /// The bucket.
    pub bucket: String,
    /// The name of the key.
    pub access_key_id: String,
    /// The key.
    pub secret_access_key: Secret,
}

impl S3Address {
    /// What the environment says: `S3_ENDPOINT`, and with it `S3_BUCKET`, `AWS_ACCESS_KEY_ID` and
    /// `AWS_SECRET_ACCESS_KEY`; `None` without the first.
    ///
    /// # Errors
    /// [`ServiceError::Command`] where one of the others is missing.
    pub fn from_environment() -> Result<Option<Self>, ServiceError> {
        let Some(endpoint) = named("S3_ENDPOINT") else { return Ok(None) };
        let with = |name| {
            let missing = || ServiceError::command("reading the environment", &format!("S3_ENDPOINT needs {name} too"));
            named(name).ok_or_else(missing)
        };
        Ok(Some(Self {
            endpoint,
            bucket: with("S3_BUCKET")?,
            access_key_id: with("AWS_ACCESS_KEY_ID")?,
            secret_access_key: Secret::new(with("AWS_SECRET_ACCESS_KEY")?),
        }))
    }
}

/// The URL of a `PostgreSQL`: `DATABASE_URL`, else that of one that is started, once a process.
pub fn database_url() -> Result<String, ServiceError> {
    named("DATABASE_URL").map_or_else(|| Postgres::shared().map(Server::url), Ok)
}

/// The URL of a Redis: `REDIS_URL`, else that of one that is started, once a process.
pub fn redis_url() -> Result<String, ServiceError> {
    named("REDIS_URL").map_or_else(|| Redis::shared().map(Server::url), Ok)
}

/// The URL of a `RabbitMQ`: `AMQP_URL`, else that of one that is started, once a process.
pub fn amqp_url() -> Result<String, ServiceError> {
    named("AMQP_URL").map_or_else(|| RabbitMq::shared().map(Server::url), Ok)
}

/// Where an S3 store is: as the environment says, else one that is started, once a process.
pub fn s3_address() -> Result<S3Address, ServiceError> {
    match S3Address::from_environment()? {
        Some(address) => Ok(address),
        None => S3::shared().map(Server::access),
    }
}

fn named(variable: &str) -> Option<String> {
    env::var(variable).ok().filter(|value| !value.is_empty())
}

/// The one of this process, if it was started.
type Shared<K> = Mutex<Option<&'static Server<K>>>;

fn shared<K: Kind>(slot: &Shared<K>) -> Result<&'static Server<K>, ServiceError> {
    let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(server) = *slot {
        return Ok(server);
    }
    let server: &'static Server<K> = Box::leak(Box::new(Server::temporary()?));
    *slot = Some(server);
    Ok(server)
}

macro_rules! shared {
    ($kind:ty) => {
        impl Server<$kind> {
            /// The one that all tests of this process share; the first that asks starts it.
            pub fn shared() -> Result<&'static Self, ServiceError> {
                static SLOT: Shared<$kind> = Mutex::new(None);
                shared(&SLOT)
            }
        }
    };
}

shared!(PostgresKind);
shared!(RedisKind);
shared!(RabbitMqKind);
shared!(S3Kind);
