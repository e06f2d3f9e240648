//! What an operator does to a broker, or any other client of it.

use lapin::{
    BasicProperties, Channel, Connection, ConnectionProperties,
    message::BasicGetMessage,
    options::{
        BasicAckOptions, BasicGetOptions, BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions,
        QueueDeleteOptions,
    },
    types::FieldTable,
};

/// A connection that goes straight to the broker.
#[derive(Debug)]
pub(crate) struct Console {
    channel: Channel,
    _connection: Connection,
}

impl Console {
    pub(crate) async fn open(url: &str) -> Self {
        let connection = Connection::connect(url, ConnectionProperties::default()).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        channel.confirm_select(ConfirmSelectOptions::default()).await.unwrap();
        Self { channel, _connection: connection }
    }

    /// Puts a message into a queue.
    pub(crate) async fn put(&self, queue: &str, body: &[u8], properties: BasicProperties) {
        let options = BasicPublishOptions { mandatory: true, immediate: false };
        let published = self.channel.basic_publish("".into(), queue.into(), options, body, properties).await.unwrap();
        let confirmation = published.await.unwrap();
        assert!(confirmation.is_ack() && confirmation.take_message().is_none(), "there is no queue {queue}");
    }

    /// Takes a message out of a queue.
    pub(crate) async fn take(&self, queue: &str) -> Option<BasicGetMessage> {
        let message = self.channel.basic_get(queue.into(), BasicGetOptions::default()).await.unwrap()?;
        message.ack(BasicAckOptions::default()).await.unwrap();
        Some(message)
    }

    /// How many messages wait in a queue, and how many listen to it.
    pub(crate) async fn count(&self, queue: &str) -> (u32, u32) {
        let options = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
        let queue = self.channel.queue_declare(queue.into(), options, FieldTable::default()).await.unwrap();
        (queue.message_count(), queue.consumer_count())
    }

    /// Makes a queue that is not as ours are.
    pub(crate) async fn make_classic(&self, queue: &str) {
        let options = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
        self.channel.queue_declare(queue.into(), options, FieldTable::default()).await.unwrap();
    }

    pub(crate) async fn delete(&self, queue: &str) {
        self.channel.queue_delete(queue.into(), QueueDeleteOptions::default()).await.unwrap();
    }
}
