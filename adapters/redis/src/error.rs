//! Why there is no connection to Redis.

/// Why Redis cannot be used at all; that it is away is no reason.
///
/// No message holds the address that was given: it may have a password in it.
///
/// ```
/// use stagemark_redis::{Redis, RedisError};
///
/// let refused = Redis::options("http://:secret@localhost").unwrap_err();
/// assert!(matches!(refused, RedisError::Address { .. }));
/// assert!(!refused.to_string().contains("secret"));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RedisError {
    /// The address is none.
    #[error("the address of Redis cannot be used: {reason}; write redis://host:6379, or redis-cluster://host:6379")]
    Address {
        /// What is wrong with it.
        reason: String,
    },
    /// The prefix cannot begin a key.
    #[error("{prefix:?} cannot begin the keys in Redis: use letters, digits, and the characters - _ . : /")]
    Prefix {
        /// The prefix.
        prefix: String,
    },
    /// There is nothing to tell the true server by.
    #[error("the certificates to trust for Redis cannot be used: {reason}")]
    Trust {
        /// What is wrong with them.
        reason: String,
    },
    /// Redis does not let this user in.
    #[error("Redis refuses this user; check the name and the password")]
    Denied(#[source] fred::error::Error),
    /// Redis answered, and does not do what the engine needs; or it is not the server that it should be.
    #[error("Redis cannot be used: it refuses the connection, or is not trusted")]
    Refused(#[source] fred::error::Error),
}

impl RedisError {
    pub(crate) fn address(reason: impl Into<String>) -> Self {
        Self::Address { reason: reason.into() }
    }
}
