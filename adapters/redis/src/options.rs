//! Where Redis is, and how it is used.

use std::{fmt, time::Duration};

use fred::{
    clients::Client,
    types::{
        Builder,
        config::{Config, ConnectionConfig, PerformanceConfig, ReconnectPolicy, TcpConfig, UnresponsiveConfig},
    },
};

use crate::{Redis, RedisError, keys::Prefix, link};

/// How long a connection may take to be made, and to say hello.
const CONNECTING: Duration = Duration::from_secs(3);
/// How long a connection may be silent after a command.
const SILENCE: Duration = Duration::from_secs(3);
/// The most commands that wait for a connection.
const WAITING_MAX: usize = 10_000;
/// The shortest and longest waits between two tries to connect, in milliseconds; they double, without end.
const RECONNECT_MS: (u32, u32) = (50, 2_000);

/// Where Redis is, and how it is used; see [`Redis::options`].
///
/// ```
/// # fn main() -> Result<(), stagemark_redis::RedisError> {
/// use stagemark_redis::Redis;
///
/// let options = Redis::options("redis://cache:6379")?.prefix("videos")?.password("secret");
/// assert!(!format!("{options:?}").contains("secret"));
/// # Ok(()) }
/// ```
#[must_use = "options do nothing until they are connected"]
#[derive(Clone)]
pub struct Options {
    pub(crate) config: Config,
    pub(crate) prefix: Prefix,
    #[cfg(feature = "tls")]
    tls: Option<crate::tls::Trust>,
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let servers = self.servers();
        f.debug_struct("Options").field("servers", &servers).field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

impl Options {
    pub(crate) fn parse(url: &str) -> Result<Self, RedisError> {
        let (scheme, rest) = url.split_once("://").ok_or_else(|| RedisError::address("it has no scheme"))?;
        let (scheme, tls) = match scheme {
            "redis" | "redis-cluster" | "redis-sentinel" => (scheme, false),
            "rediss" => ("redis", true),
            "rediss-cluster" => ("redis-cluster", true),
            "rediss-sentinel" => ("redis-sentinel", true),
            _ => return Err(RedisError::address("its scheme is not known")),
        };
        let parsed = Config::from_url(&format!("{scheme}://{rest}"));
        // What the parser says may quote a part of the address.
        let mut config = parsed.map_err(|_| RedisError::address("it is no URL with a host and a port"))?;
        config.fail_fast = false;
        if tls && !cfg!(feature = "tls") {
            return Err(RedisError::address("it asks for TLS, which needs the feature `tls` of stagemark-redis"));
        }
        Ok(Self {
            config,
            prefix: Prefix::new("stagemark")?,
            #[cfg(feature = "tls")]
            tls: tls.then(crate::tls::Trust::default),
        })
    }

    /// Begins all keys with this (default `stagemark`), so that several fleets can share a Redis.
    pub fn prefix(mut self, prefix: &str) -> Result<Self, RedisError> {
        self.prefix = Prefix::new(prefix)?;
        Ok(self)
    }

    /// Logs in as this user of Redis (default: that of the address, or Redis's default user).
    pub fn user(mut self, name: impl Into<String>) -> Self {
        self.config.username = Some(name.into());
        self
    }

    /// Logs in with this password (default: that of the address).
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.config.password = Some(password.into());
        self
    }

    /// Trusts these certificates, in PEM, beside those that the system trusts: for a `rediss://` address whose server
    /// has its certificate from an authority of your own.
    #[cfg(feature = "tls")]
    pub fn trust(mut self, certificates_pem: &[u8]) -> Result<Self, RedisError> {
        let no_tls = || RedisError::address("certificates to trust are for TLS, which a rediss:// address asks for");
        self.tls.as_mut().ok_or_else(no_tls)?.add(certificates_pem)?;
        Ok(self)
    }

    /// Connects. If Redis is away, that is not waited for: connecting goes on in the background, without end.
    ///
    /// # Errors
    /// [`RedisError::Denied`] if Redis is there and does not let this user in, [`RedisError::Refused`] if it refuses
    /// for another reason, such as a cluster's address that leads to a single node.
    pub async fn connect(self) -> Result<Redis, RedisError> {
        link::connect(self).await
    }

    pub(crate) fn servers(&self) -> Vec<String> {
        let mut servers: Vec<_> = self.config.server.hosts().iter().map(ToString::to_string).collect();
        servers.sort_unstable();
        servers
    }

    pub(crate) fn client(&self) -> Result<Client, RedisError> {
        #[cfg_attr(not(feature = "tls"), allow(unused_mut, reason = "without it there is nothing to add"))]
        let mut config = self.config.clone();
        #[cfg(feature = "tls")]
        if let Some(trust) = &self.tls {
            config.tls = Some(trust.connector()?.into());
        }
        let mut builder = Builder::from_config(config);
        let (shortest, longest) = RECONNECT_MS;
        builder.set_policy(ReconnectPolicy::new_exponential(0, shortest, longest, 2));
        builder.set_performance_config(PerformanceConfig {
            default_command_timeout: link::ANSWER,
            ..PerformanceConfig::default()
        });
        builder.set_connection_config(ConnectionConfig {
            connection_timeout: CONNECTING,
            internal_command_timeout: CONNECTING,
            // One that was sent when the connection broke may have run: who asked decides whether to ask again.
            max_command_attempts: 1,
            max_command_buffer_len: WAITING_MAX,
            unresponsive: UnresponsiveConfig { max_timeout: Some(SILENCE), interval: SILENCE / 6 },
            reconnect_on_auth_error: true,
            tcp: TcpConfig { nodelay: Some(true), ..TcpConfig::default() },
            ..ConnectionConfig::default()
        });
        builder.build().map_err(RedisError::Refused)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_is_none_is_refused_without_telling_it() {
        for url in
            ["", "localhost", "http://:secret@host", "redis://", "redis://:secret@host:port", "redis://:secret@host/x"]
        {
            let refused = Options::parse(url).unwrap_err();
            assert!(matches!(refused, RedisError::Address { .. }), "{url}: {refused:?}");
            assert!(!format!("{refused:?} {refused}").contains("secret"), "{url}");
        }
    }

    #[test]
    fn what_an_address_says_is_used() {
        let options = Options::parse("redis-cluster://me:p%40ss@one:7000?node=two:7001").unwrap();

        assert_eq!(options.servers(), ["one:7000", "two:7001"]);
        assert_eq!(options.config.username.as_deref(), Some("me"));
        assert_eq!(options.config.password.as_deref(), Some("p@ss"));
        assert!(options.config.server.is_clustered());
    }

    #[cfg(not(feature = "tls"))]
    #[test]
    fn without_its_feature_tls_is_refused_and_nothing_is_sent_in_clear() {
        let refused = Options::parse("rediss://cache").unwrap_err();

        assert!(refused.to_string().contains("feature `tls`"), "{refused}");
    }
}
