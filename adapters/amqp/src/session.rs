//! A channel with a consumer of each pool.

use std::{fmt, sync::Arc};

use futures::{
    FutureExt, StreamExt,
    stream::{BoxStream, SelectAll, once},
};
use lapin::{
    Channel,
    message::Delivery,
    options::{BasicConsumeOptions, BasicQosOptions},
    types::FieldTable,
};
use tokio::time::{Instant, timeout};

use crate::{AmqpError, builder::Settings, connection::Line, queue::Queues};

/// What a consumer tells.
pub(crate) type Arrival = (Arc<str>, Event);

/// A message, or the end of the consumer: its queue was deleted, or its channel or connection was lost.
#[derive(Debug)]
pub(crate) enum Event {
    Message(Box<Delivery>),
    End(Option<lapin::Error>),
}

/// Consumers of some pools, of which each holds as many messages as the prefetch lets through.
pub(crate) struct Session {
    pools: Vec<Arc<str>>,
    queues: Vec<Queues>,
    channel: Channel,
    arrivals: SelectAll<BoxStream<'static, Arrival>>,
    pub(crate) began: Instant,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("pools", &self.pools).finish_non_exhaustive()
    }
}

impl Session {
    /// Makes the queues, where they are not there, and listens to them.
    pub(crate) async fn open(line: &Line, settings: &Settings, pools: &[Arc<str>]) -> Result<Self, AmqpError> {
        let limit = settings.limit;
        let channel = timeout(limit, prefetching(line, settings.prefetch)).await;
        let channel = channel.map_err(|_| AmqpError::Silent { limit })??;
        let (mut queues, mut arrivals) = (Vec::new(), SelectAll::new());
        for pool in pools {
            let of_pool = Queues::of(&settings.prefix, pool)?;
            let consumer = timeout(limit, consume(&channel, &of_pool, Arc::clone(pool))).await;
            let silent = |_| AmqpError::QueueSilent { queue: of_pool.hints.to_string(), limit };
            arrivals.push(consumer.map_err(silent)??);
            queues.push(of_pool);
        }
        Ok(Self { pools: pools.to_vec(), queues, channel, arrivals, began: Instant::now() })
    }

    pub(crate) fn is_of(&self, pools: &[Arc<str>]) -> bool {
        self.pools == pools
    }

    /// Whether messages wait in a queue, though nothing came from it for a while.
    ///
    /// The broker moves a consumer whose queue was deleted to the queue that another has made since, if that one was
    /// fast; nothing ever reaches it there, and nobody is told.
    pub(crate) async fn is_deaf(&mut self) -> Result<bool, lapin::Error> {
        for queues in &self.queues {
            if queues.waiting(&self.channel).await? > 0 {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What comes next; dropping the wait loses nothing.
    pub(crate) async fn next(&mut self) -> Arrival {
        match self.arrivals.next().await {
            Some(arrival) => arrival,
            // Each consumer tells its end, after which it is asked no more.
            None => std::future::pending().await,
        }
    }

    /// What has come already.
    pub(crate) fn next_at_hand(&mut self) -> Option<Arrival> {
        self.next().now_or_never()
    }
}

async fn prefetching(line: &Line, prefetch: u16) -> Result<Channel, lapin::Error> {
    let channel = line.channel().await?;
    // Before the consumers: it holds for those that come after it.
    channel.basic_qos(prefetch, BasicQosOptions::default()).await?;
    Ok(channel)
}

async fn consume(channel: &Channel, queues: &Queues, pool: Arc<str>) -> Result<BoxStream<'static, Arrival>, AmqpError> {
    queues.declare(channel).await?;
    let options = BasicConsumeOptions::default();
    let consumer = channel.basic_consume(queues.hints.clone(), "".into(), options, FieldTable::default()).await?;
    let of = Arc::clone(&pool);
    let arrivals = consumer.map(move |delivery| match delivery {
        Ok(delivery) => (Arc::clone(&of), Event::Message(Box::new(delivery))),
        Err(error) => (Arc::clone(&of), Event::End(Some(error))),
    });
    // A queue that was deleted ends its consumer without an error.
    Ok(arrivals.chain(once(async move { (pool, Event::End(None)) })).boxed())
}
