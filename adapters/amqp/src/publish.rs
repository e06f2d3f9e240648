//! Publishes messages with confirms, over a connection of its own.

use std::{collections::HashSet, sync::Arc, time::Duration};

use futures::future::try_join_all;
use lapin::{
    Channel, Confirmation,
    options::{BasicPublishOptions, ConfirmSelectOptions},
};
use tokio::{
    sync::Mutex,
    time::{sleep, timeout},
};

use crate::{
    AmqpError,
    builder::Settings,
    connection::Line,
    message::Message,
    queue::{LEFT_ALONE, Queues},
};

/// Sends to the broker; all who publish share one channel, one after the other.
#[derive(Debug)]
pub(crate) struct Publisher {
    settings: Arc<Settings>,
    link: Mutex<Option<Link>>,
}

/// A connection with a channel that confirms.
#[derive(Debug)]
struct Link {
    channel: Channel,
    /// What was declared over it.
    known: HashSet<Queues>,
    /// Something on it was given up: its answer may still come, and belongs to nobody.
    is_spent: bool,
    line: Line,
}

impl Publisher {
    pub(crate) fn new(settings: Arc<Settings>) -> Self {
        Self { settings, link: Mutex::default() }
    }

    /// Connects, if it is not connected.
    pub(crate) async fn connect(&self) -> Result<(), AmqpError> {
        let mut place = self.link.lock().await;
        if place.is_none() {
            *place = Some(Link::open(&self.settings).await?);
        }
        Ok(())
    }

    /// Whether messages would be taken now; connects, if it is not connected.
    pub(crate) async fn reach(&self) -> Result<(), AmqpError> {
        let mut place = self.link.lock().await;
        let there = place.take().filter(|link| link.line.is_blocked() || link.is_usable());
        let Some(link) = there else {
            *place = Some(Link::open(&self.settings).await?);
            return Ok(());
        };
        let is_blocked = link.line.is_blocked();
        *place = Some(link);
        if is_blocked { Err(AmqpError::Blocked) } else { Ok(()) }
    }

    /// Publishes messages, and returns when the broker has confirmed all of them.
    pub(crate) async fn send(&self, messages: &[Message]) -> Result<(), AmqpError> {
        let mut place = self.link.lock().await;
        if let Some(link) = place.as_ref()
            && link.line.is_blocked()
        {
            return Err(AmqpError::Blocked);
        }
        // Out of its place while it is in use: where the call is dropped, so is the link with its pending answers.
        let old = place.take().filter(Link::is_usable);
        let is_fresh = old.is_none();
        let mut link = match old {
            Some(link) => link,
            None => Link::open(&self.settings).await?,
        };
        let outcome = match link.send(messages, self.settings.limit).await {
            // A connection that was lost while it was idle may be noticed only now.
            Err(AmqpError::Lost(error)) if !is_fresh => {
                tracing::debug!(error = &*error as &dyn std::error::Error, "publishing again over a new connection");
                drop(link);
                link = Link::open(&self.settings).await?;
                link.send(messages, self.settings.limit).await
            }
            outcome => outcome,
        };
        link.is_spent = outcome.is_err();
        // It stays while it is blocked, so that the next call need not wait to find that out.
        *place = Some(link).filter(|link| !link.is_spent || link.line.is_blocked());
        outcome
    }
}

impl Link {
    async fn open(settings: &Settings) -> Result<Self, AmqpError> {
        let line = Line::open(settings, "publishes").await?;
        let opening = async {
            let channel = line.channel().await?;
            channel.confirm_select(ConfirmSelectOptions::default()).await?;
            Ok::<_, lapin::Error>(channel)
        };
        let limit = settings.limit;
        let channel = timeout(limit, opening).await.map_err(|_| AmqpError::Silent { limit })?;
        Ok(Self { channel: channel?, known: HashSet::new(), is_spent: false, line })
    }

    fn is_usable(&self) -> bool {
        !self.is_spent && self.line.is_alive() && self.channel.status().connected()
    }

    async fn send(&mut self, messages: &[Message], limit: Duration) -> Result<(), AmqpError> {
        match timeout(limit, self.publish(messages)).await {
            Ok(outcome) => outcome,
            Err(_) if self.line.is_blocked() => Err(AmqpError::Blocked),
            Err(_) => Err(AmqpError::Silent { limit }),
        }
    }

    /// Publishes; what finds no queue is published once more, since somebody may have deleted the queue.
    async fn publish(&mut self, messages: &[Message]) -> Result<(), AmqpError> {
        let messages: Vec<_> = messages.iter().collect();
        let returned = self.attempt(&messages).await?;
        if returned.is_empty() {
            return Ok(());
        }
        for message in &returned {
            if self.known.remove(&message.queues) {
                tracing::warn!(queue = %message.queue, "a queue is gone; it is made again");
            }
        }
        sleep(LEFT_ALONE).await;
        match self.attempt(&returned).await?.first() {
            Some(message) => Err(AmqpError::NoQueue { queue: message.queue.to_string() }),
            None => Ok(()),
        }
    }

    /// Publishes all, then waits for all; gives those that found no queue.
    async fn attempt<'a>(&mut self, messages: &[&'a Message]) -> Result<Vec<&'a Message>, AmqpError> {
        for message in messages {
            if !self.known.contains(&message.queues) {
                message.queues.declare(&self.channel).await?;
                self.known.insert(message.queues.clone());
            }
        }
        let confirmations = try_join_all(messages.iter().map(|message| confirmed(&self.channel, message))).await?;
        let mut returned = Vec::new();
        for (message, confirmation) in messages.iter().zip(confirmations) {
            match confirmation {
                Confirmation::Ack(None) => {}
                Confirmation::Ack(Some(_)) | Confirmation::Nack(Some(_)) => returned.push(*message),
                Confirmation::Nack(None) | Confirmation::NotRequested => {
                    return Err(AmqpError::NotTaken { queue: message.queue.to_string() });
                }
            }
        }
        Ok(returned)
    }
}

async fn confirmed(channel: &Channel, message: &Message) -> Result<Confirmation, lapin::Error> {
    // Mandatory: what finds no queue comes back, rather than being confirmed and dropped.
    let options = BasicPublishOptions { mandatory: true, immediate: false };
    let properties = message.properties.clone();
    // Through the default exchange, which knows each queue by its name.
    channel.basic_publish("".into(), message.queue.clone(), options, &message.body, properties).await?.await
}
