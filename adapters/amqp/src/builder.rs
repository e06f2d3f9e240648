//! How a broker is reached, and how it is used.

use std::{fmt, time::Duration};

use lapin::{
    types::ShortString,
    uri::{AMQPScheme, AMQPUri},
};

use crate::{AmqpDispatch, AmqpError};

/// A connection to a broker in the making; see [`AmqpDispatch::builder`].
///
/// ```no_run
/// # #[tokio::main] async fn main() -> Result<(), stagemark_amqp::AmqpError> {
/// use std::time::Duration;
/// use stagemark_amqp::AmqpDispatch;
///
/// let broker = AmqpDispatch::builder("amqp://stagemark:secret@broker:5672/%2f")
///     .prefix("videos")
///     .prefetch(16)
///     .heartbeat(Duration::from_secs(5))
///     .connect()
///     .await?;
/// # Ok(()) }
/// ```
#[must_use = "it does nothing until it connects"]
pub struct AmqpBuilder {
    url: String,
    prefix: String,
    prefetch: u16,
    limit: Duration,
    heartbeat: Duration,
    authorities: Option<String>,
}

impl fmt::Debug for AmqpBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the URL: it holds the password.
        f.debug_struct("AmqpBuilder").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

impl AmqpBuilder {
    pub(crate) fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            prefix: "stagemark".to_owned(),
            prefetch: 256,
            limit: Duration::from_secs(5),
            heartbeat: Duration::from_secs(10),
            authorities: None,
        }
    }

    /// Begins the names of queues so (default: `stagemark`): installations that share a virtual host have one each.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Holds at most so many hints of each pool that are not settled yet (default 256, at least 1). Few leave more to
    /// other workers, many keep this one fed over a slow network.
    pub fn prefetch(mut self, hints: u16) -> Self {
        self.prefetch = hints.max(1);
        self
    }

    /// Waits so long for the broker (default 5 s, at least 1 s): to connect, to set up a queue, to confirm.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.limit = limit.max(Duration::from_secs(1));
        self
    }

    /// Takes a connection for lost on which nothing came for twice this time (default 10 s, at least 1 s, counted in
    /// whole seconds), unless the URL says another. The broker may ask for less.
    pub fn heartbeat(mut self, interval: Duration) -> Self {
        self.heartbeat = interval.max(Duration::from_secs(1));
        self
    }

    /// Trusts these authorities too, certificates in the PEM format, where the URL is `amqps://` (default: those that
    /// the system trusts).
    #[cfg(feature = "tls")]
    pub fn authorities(mut self, pem: impl Into<String>) -> Self {
        self.authorities = Some(pem.into());
        self
    }

    /// Connects to the broker.
    ///
    /// A broker that cannot be reached is no error: it is said once, and tried again until it is there, since a worker
    /// can do without. What a retry cannot cure is one: a bad URL, credentials that are refused, no such virtual host.
    pub async fn connect(self) -> Result<AmqpDispatch, AmqpError> {
        AmqpDispatch::open(self.settings()?).await
    }

    fn settings(self) -> Result<Settings, AmqpError> {
        let bad = |reason| AmqpError::BadUrl { reason };
        // What the parser says would repeat the URL.
        let mut uri: AMQPUri = self.url.parse().map_err(|_| bad("it is no AMQP URL"))?;
        if uri.scheme == AMQPScheme::AMQPS && !cfg!(feature = "tls") {
            return Err(bad("amqps needs the feature `tls` of stagemark-amqp"));
        }
        if ShortString::try_new(uri.vhost.as_str()).is_err() {
            return Err(bad("its virtual host is longer than 255 bytes"));
        }
        let heartbeat = u16::try_from(self.heartbeat.as_secs()).unwrap_or(u16::MAX);
        let heartbeat = *uri.query.heartbeat.get_or_insert(heartbeat);
        let Self { prefix, prefetch, limit, authorities, .. } = self;
        // In the URL, 0 means none.
        let quiet = 2 * Duration::from_secs(heartbeat.max(1).into());
        Ok(Settings { uri, prefix, prefetch, limit, quiet, authorities })
    }
}

/// How a broker is reached, and how it is used, checked.
pub(crate) struct Settings {
    pub(crate) uri: AMQPUri,
    pub(crate) prefix: String,
    pub(crate) prefetch: u16,
    pub(crate) limit: Duration,
    /// After how long without a hint the consumers are looked at.
    pub(crate) quiet: Duration,
    pub(crate) authorities: Option<String>,
}

impl Settings {
    /// Host and port.
    pub(crate) fn broker(&self) -> String {
        format!("{}:{}", self.uri.authority.host, self.uri.authority.port)
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the URI: it holds the password.
        f.debug_struct("Settings")
            .field("broker", &self.broker())
            .field("vhost", &self.uri.vhost)
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_tells_the_password() {
        let builder = AmqpBuilder::new("amqp://ada:hunter2@broker/v");
        assert!(!format!("{builder:?}").contains("hunter2"));

        let settings = builder.settings().unwrap();
        assert_eq!(
            format!("{settings:?}"),
            r#"Settings { broker: "broker:5672", vhost: "v", prefix: "stagemark", .. }"#
        );

        for bad in
            ["amqp:ada:hunter2@broker", "http://ada:hunter2@broker", "amqp://ada:hunter2@broker?heartbeat=x", "hunter2"]
        {
            let error = AmqpBuilder::new(bad).settings().unwrap_err();
            assert!(matches!(error, AmqpError::BadUrl { .. }) && !format!("{error:?} {error}").contains("hunter2"));
        }
    }

    #[test]
    fn a_heartbeat_in_the_url_goes_before_that_of_the_builder() {
        let of =
            |url: &str| AmqpBuilder::new(url).heartbeat(Duration::from_secs(7)).settings().unwrap().uri.query.heartbeat;

        assert_eq!((of("amqp://broker"), of("amqp://broker?heartbeat=3")), (Some(7), Some(3)));
    }

    #[test]
    fn a_virtual_host_that_is_too_long_is_refused() {
        let url = format!("amqp://broker/{}", "v".repeat(256));

        assert!(matches!(AmqpBuilder::new(url).settings(), Err(AmqpError::BadUrl { .. })));
    }
}
