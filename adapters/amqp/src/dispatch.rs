//! The port to brokers, on `RabbitMQ`.

use std::{error::Error, fmt, sync::Arc};

use async_trait::async_trait;
use stagemark::ports::{Delivery, Dispatch, DispatchError, Hint};
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use crate::{
    AmqpBuilder, AmqpError, builder::Settings, dead_letter::bury, message::Message, publish::Publisher,
    receipts::Receipts, receive::Receiver,
};

/// Carries hints through a `RabbitMQ`; see the [crate].
///
/// It has a connection to publish and, once hints are received, one to receive: where the broker stops publishers,
/// because it is short of memory, hints that it has still come.
///
/// ```no_run
/// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use stagemark::ports::Dispatch;
/// use stagemark_amqp::AmqpDispatch;
///
/// let broker = AmqpDispatch::connect("amqp://broker").await?;
/// let heard = broker.receive(&["default".into()], 16).await?;
/// broker.settle(heard).await?;
/// # Ok(()) }
/// ```
pub struct AmqpDispatch {
    settings: Arc<Settings>,
    publisher: Arc<Publisher>,
    receiver: Arc<Receiver>,
    _tasks: [AbortOnDropHandle<()>; 2],
}

impl fmt::Debug for AmqpDispatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AmqpDispatch").field(&self.settings).finish()
    }
}

impl AmqpDispatch {
    /// Connects to the broker of this URL, `amqp://user:password@host:5672/vhost`, as [`AmqpBuilder::connect`] does
    /// with all defaults. The virtual host `/` is written `%2f`.
    ///
    /// ```no_run
    /// # #[tokio::main] async fn main() -> Result<(), stagemark_amqp::AmqpError> {
    /// let broker = stagemark_amqp::AmqpDispatch::connect("amqp://stagemark:secret@broker:5672/%2f").await?;
    /// # Ok(()) }
    /// ```
    pub async fn connect(url: impl Into<String>) -> Result<Self, AmqpError> {
        Self::builder(url).connect().await
    }

    /// Begins a connection to the broker of this URL.
    ///
    /// ```no_run
    /// # #[tokio::main] async fn main() -> Result<(), stagemark_amqp::AmqpError> {
    /// use stagemark_amqp::AmqpDispatch;
    ///
    /// let broker = AmqpDispatch::builder("amqp://broker").prefix("staging").connect().await?;
    /// # Ok(()) }
    /// ```
    pub fn builder(url: impl Into<String>) -> AmqpBuilder {
        AmqpBuilder::new(url)
    }

    /// Asks whether the broker would take hints now, for whoever watches; hints need not ask.
    ///
    /// ```no_run
    /// # async fn watch(broker: &stagemark_amqp::AmqpDispatch) {
    /// if let Err(error) = broker.reach().await {
    ///     println!("workers look into the queue meanwhile: {error}");
    /// }
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`AmqpBuilder::connect`], and [`AmqpError::Blocked`] while the broker is short of memory or disk.
    pub async fn reach(&self) -> Result<(), AmqpError> {
        self.publisher.reach().await
    }

    pub(crate) async fn open(settings: Settings) -> Result<Self, AmqpError> {
        let settings = Arc::new(settings);
        let publisher = Arc::new(Publisher::new(Arc::clone(&settings)));
        match publisher.connect().await {
            Err(error) if error.is_passing() => {
                let error = &error as &dyn Error;
                tracing::warn!(error, "there is no connection to the broker yet; it is tried again");
            }
            outcome => outcome?,
        }
        let (dead_letters, waiting) = mpsc::unbounded_channel();
        let receipts = Receipts::default();
        let receiver = Arc::new(Receiver::new(Arc::clone(&settings), receipts.clone(), dead_letters));
        let tasks = [
            AbortOnDropHandle::new(tokio::spawn(bury(Arc::clone(&publisher), receipts, waiting))),
            AbortOnDropHandle::new(tokio::spawn(Arc::clone(&receiver).release())),
        ];
        Ok(Self { settings, publisher, receiver, _tasks: tasks })
    }
}

#[async_trait]
impl Dispatch for AmqpDispatch {
    async fn publish(&self, hints: &[Hint]) -> Result<(), DispatchError> {
        let failed = |error| DispatchError::new("publishing hints", error);
        let prefix = &self.settings.prefix;
        let messages = hints.iter().map(|hint| Message::of_hint(hint, prefix)).collect::<Result<Vec<_>, _>>();
        let messages = messages.map_err(failed)?;
        if messages.is_empty() {
            return Ok(());
        }
        self.publisher.send(&messages).await.map_err(failed)
    }

    async fn receive(&self, pools: &[Arc<str>], limit: usize) -> Result<Vec<Delivery>, DispatchError> {
        let received = self.receiver.receive(pools, limit).await;
        received.map_err(|error| DispatchError::new("receiving hints", error))
    }

    async fn settle(&self, deliveries: Vec<Delivery>) -> Result<(), DispatchError> {
        let settled = self.receiver.settle(&deliveries).await;
        settled.map_err(|error| DispatchError::new("settling hints", error))
    }
}
