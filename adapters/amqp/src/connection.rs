//! One connection to the broker.

use std::{fmt, time::Duration};

use lapin::{
    AsyncTcpStream, Channel, Connection, ConnectionProperties,
    tcp::OwnedTLSConfig,
    types::LongString,
    uri::{AMQPScheme, AMQPUri},
};
use tokio::{
    net::lookup_host,
    runtime::Handle,
    time::{sleep, timeout},
};

use crate::{
    AmqpError,
    builder::Settings,
    error::Meaning,
    socket::{Attempt, Socket},
};

/// How long the broker may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(1);

/// A connection that is shut, whatever the broker says, when it is dropped.
///
/// Its recovery is not left to `lapin`: that one ends in failure after a channel error, does not see a queue that was
/// deleted, and leaves a confirmation pending for as long as the broker is away.
pub(crate) struct Line {
    connection: Connection,
    socket: Option<Socket>,
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Line").field("is_alive", &self.is_alive()).finish_non_exhaustive()
    }
}

impl Line {
    /// Connects; the role is what the broker calls the connection.
    pub(crate) async fn open(settings: &Settings, role: &str) -> Result<Self, AmqpError> {
        let attempt = Attempt::default();
        let (kept, limit) = (attempt.kept(), settings.limit);
        let trust = OwnedTLSConfig { identity: None, cert_chain: settings.authorities.clone() };
        let name: LongString = format!("{} {role}", settings.prefix).into();
        let connecting = Connection::connector(
            settings.uri.clone(),
            lapin::runtime::default_runtime()?,
            async move |uri: AMQPUri, runtime| {
                let authority = &uri.authority;
                let securing = async {
                    let addresses: Vec<_> = lookup_host((authority.host.as_str(), authority.port)).await?.collect();
                    let stream = AsyncTcpStream::connect(&runtime, addresses).await?;
                    if let AsyncTcpStream::Plain(stream) = &stream {
                        stream.get_ref().set_nodelay(true)?;
                        kept.keep(stream.get_ref())?;
                    }
                    match uri.scheme {
                        AMQPScheme::AMQP => Ok(stream),
                        AMQPScheme::AMQPS => stream.into_tls(&authority.host, trust.as_ref()).await,
                    }
                };
                Ok(timeout(limit, securing).await.map_err(std::io::Error::from)??)
            },
            ConnectionProperties::default().with_connection_name(name),
        );
        let connection = timeout(limit, connecting).await.map_err(|_| AmqpError::Silent { limit })?;
        let connection = connection.map_err(|source| failure(settings, source))?;
        Ok(Self { connection, socket: attempt.succeeded() })
    }

    pub(crate) fn is_alive(&self) -> bool {
        self.connection.status().connected()
    }

    /// Whether the broker takes nothing because of an alarm.
    pub(crate) fn is_blocked(&self) -> bool {
        self.is_alive() && self.connection.status().blocked()
    }

    pub(crate) async fn channel(&self) -> Result<Channel, lapin::Error> {
        self.connection.create_channel().await
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let (Some(socket), true, Ok(runtime)) = (self.socket.take(), self.is_alive(), Handle::try_current()) else {
            return;
        };
        // `lapin` says goodbye once all that uses the connection is dropped; it ends by itself.
        runtime.spawn(async move {
            sleep(GOODBYE).await;
            drop(socket);
        });
    }
}

fn failure(settings: &Settings, error: lapin::Error) -> AmqpError {
    let (broker, user) = (settings.broker(), settings.uri.authority.userinfo.username.clone());
    let (meaning, source) = (Meaning::of(&error), error.into());
    match meaning {
        Meaning::Refused => AmqpError::Refused { broker, user, source },
        Meaning::VirtualHost => AmqpError::VirtualHost { broker, vhost: settings.uri.vhost.clone(), user, source },
        Meaning::Tls => AmqpError::Tls { broker, source },
        Meaning::Unreachable => AmqpError::Unreachable { broker, source },
    }
}
