//! What can go wrong with a broker.

use std::{error::Error, io::ErrorKind::InvalidData, time::Duration};

use lapin::ErrorKind;

type Cause = Box<dyn Error + Send + Sync>;

/// Why a broker could not be used, by what to do about it. None of them holds the password.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use stagemark_amqp::{AmqpDispatch, AmqpError};
///
/// let error = AmqpDispatch::connect("redis://127.0.0.1").await.unwrap_err();
/// assert!(matches!(error, AmqpError::BadUrl { .. }));
/// # }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AmqpError {
    /// The URL cannot be read.
    #[error("the URL of the broker cannot be used: {reason}; it is like amqp://user:password@host:5672/vhost")]
    BadUrl {
        /// Why; without the URL, which holds the password.
        reason: &'static str,
    },
    /// The queues cannot be named so.
    #[error("a queue cannot be named {name:?}: a name has at most 255 bytes")]
    BadName {
        /// The name.
        name: String,
    },
    /// The user or the password is wrong.
    #[error("the broker at {broker} refused user {user}; check the name and the password")]
    Refused {
        /// Host and port.
        broker: String,
        /// The name.
        user: String,
        /// What the broker said.
        source: Cause,
    },
    /// The virtual host does not exist, or is not the user's.
    #[error("the broker at {broker} has no virtual host {vhost:?} for user {user}; check its name and its permissions")]
    VirtualHost {
        /// Host and port.
        broker: String,
        /// The virtual host.
        vhost: String,
        /// The user.
        user: String,
        /// What the broker said.
        source: Cause,
    },
    /// The broker could not prove who it is.
    #[error("the broker at {broker} and this host could not agree on TLS; check the certificates and the port")]
    Tls {
        /// Host and port.
        broker: String,
        /// What was wrong.
        source: Cause,
    },
    /// There is no connection, and none could be made; it is tried again.
    #[error("the broker at {broker} cannot be reached")]
    Unreachable {
        /// Host and port.
        broker: String,
        /// What was met.
        source: Cause,
    },
    /// The broker did not answer. What it was asked for may have been done.
    #[error("the broker did not answer within {limit:?}")]
    Silent {
        /// How long it was waited for.
        limit: Duration,
    },
    /// The broker answers, and a queue does not: none of its members leads it.
    #[error(
        "queue {queue} did not answer within {limit:?}, though its broker does; see `rabbitmq-queues quorum_status`"
    )]
    QueueSilent {
        /// Its name.
        queue: String,
        /// How long it was waited for.
        limit: Duration,
    },
    /// The broker is short of memory or disk, and takes no messages until it is not.
    #[error("the broker is short of memory or disk and takes no messages; see its alarms")]
    Blocked,
    /// A queue is there with other properties, or may not be made or read.
    #[error("queue {queue} cannot be set up; where it was made with other properties, delete it and it is made anew")]
    Queue {
        /// Its name.
        queue: String,
        /// What the broker said.
        source: Cause,
    },
    /// A message found no queue, also after the queue was made anew.
    #[error("queue {queue} goes as often as it is made; find out who deletes it")]
    NoQueue {
        /// Its name.
        queue: String,
    },
    /// The broker did not take a message.
    #[error("the broker refused a message for queue {queue}; see its log")]
    NotTaken {
        /// The name of the queue.
        queue: String,
    },
    /// The connection was lost meanwhile.
    #[error("the connection to the broker was lost")]
    Lost(#[source] Cause),
}

impl From<lapin::Error> for AmqpError {
    fn from(error: lapin::Error) -> Self {
        Self::Lost(error.into())
    }
}

impl AmqpError {
    /// Whether trying again may help: not where the settings are wrong.
    pub(crate) fn is_passing(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Silent { .. } | Self::Blocked | Self::Lost(_))
    }
}

/// What the broker means by ending a connection that was about to begin.
pub(crate) enum Meaning {
    Refused,
    VirtualHost,
    Tls,
    Unreachable,
}

impl Meaning {
    pub(crate) fn of(error: &lapin::Error) -> Self {
        const ACCESS_REFUSED: u16 = 403;
        const NOT_ALLOWED: u16 = 530;
        match error.kind() {
            ErrorKind::ProtocolError(said) if said.get_id() == ACCESS_REFUSED => Self::Refused,
            ErrorKind::ProtocolError(said) if said.get_id() == NOT_ALLOWED => Self::VirtualHost,
            ErrorKind::IOError(error) if error.kind() == InvalidData => Self::Tls,
            _ => Self::Unreachable,
        }
    }
}
