//! The queues of a pool, as they are named and made.

use std::time::Duration;

use lapin::{
    Channel,
    options::QueueDeclareOptions,
    types::{AMQPValue, FieldTable, ShortString},
};

use crate::AmqpError;

/// How long a queue that somebody deleted is left alone, so that the broker can end all its consumers first: see
/// [`Session::is_deaf`](crate::session::Session::is_deaf).
pub(crate) const LEFT_ALONE: Duration = Duration::from_millis(500);

/// The queues of a pool: that of its hints, and that of messages which nobody could read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Queues {
    pub(crate) hints: ShortString,
    pub(crate) dead: ShortString,
}

impl Queues {
    pub(crate) fn of(prefix: &str, pool: &str) -> Result<Self, AmqpError> {
        let name = |name: String| ShortString::try_new(name.as_str()).map_err(|_| AmqpError::BadName { name });
        // The name of a pool has no dots, so that no pool's queue is another's dead letters.
        Ok(Self { hints: name(format!("{prefix}.{pool}"))?, dead: name(format!("{prefix}.{pool}.dead"))? })
    }

    /// Makes them where they are not there.
    pub(crate) async fn declare(&self, channel: &Channel) -> Result<(), AmqpError> {
        declare(channel, &self.dead, FieldTable::default()).await?;
        let mut arguments = FieldTable::default();
        // Through the default exchange, which knows each queue by its name.
        arguments.insert("x-dead-letter-exchange".into(), text(""));
        arguments.insert("x-dead-letter-routing-key".into(), text(self.dead.as_str()));
        declare(channel, &self.hints, arguments).await
    }

    /// How many hints wait for a reader.
    pub(crate) async fn waiting(&self, channel: &Channel) -> Result<u32, lapin::Error> {
        let look = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
        let queue = channel.queue_declare(self.hints.clone(), look, FieldTable::default()).await?;
        Ok(queue.message_count())
    }
}

async fn declare(channel: &Channel, queue: &ShortString, mut arguments: FieldTable) -> Result<(), AmqpError> {
    arguments.insert("x-queue-type".into(), text("quorum"));
    let durable = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    let declared = channel.queue_declare(queue.clone(), durable, arguments).await;
    declared.map(drop).map_err(|source| {
        if source.is_amqp_soft_error() {
            return AmqpError::Queue { queue: queue.to_string(), source: source.into() };
        }
        source.into()
    })
}

fn text(text: &str) -> AMQPValue {
    AMQPValue::LongString(text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queues_are_named_after_their_pool() {
        let queues = Queues::of("stagemark", "gpu").unwrap();

        assert_eq!((queues.hints.as_str(), queues.dead.as_str()), ("stagemark.gpu", "stagemark.gpu.dead"));
    }

    #[test]
    fn a_name_that_no_queue_can_have_is_refused() {
        assert!(matches!(Queues::of("stagemark", &"p".repeat(250)), Err(AmqpError::BadName { .. })));
    }
}
