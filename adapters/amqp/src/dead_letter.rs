//! Sets aside what cannot be read: it goes to the dead letters with the reason, and then from its queue.

use std::{error::Error, sync::Arc};

use futures::future::try_join_all;
use lapin::Acker;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::{message::Message, pause::Pause, publish::Publisher, receipts::Receipts};

/// A message that cannot be read, as it is set aside.
#[derive(Debug)]
pub(crate) struct DeadLetter {
    pub(crate) message: Message,
    /// What takes it from its queue, unless its channel was lost: then it comes again.
    pub(crate) acker: Acker,
    pub(crate) tag: u64,
}

/// Sets aside what comes, one after the other. There are no more than the prefetch lets through.
pub(crate) async fn bury(publisher: Arc<Publisher>, receipts: Receipts, mut letters: UnboundedReceiver<DeadLetter>) {
    while let Some(DeadLetter { message, acker, tag }) = letters.recv().await {
        let mut pause = Pause::default();
        while acker.usable() {
            match publisher.send(std::slice::from_ref(&message)).await {
                Ok(()) => acknowledge(&receipts, tag).await,
                Err(error) => {
                    tracing::debug!(error = &error as &dyn Error, "a dead letter was not taken; it is tried again");
                    pause.wait().await;
                }
            }
        }
    }
}

async fn acknowledge(receipts: &Receipts, tag: u64) {
    let acks = receipts.acknowledge([tag]);
    if let Err(error) = try_join_all(acks.iter().map(|(acker, options)| acker.ack(*options))).await {
        tracing::debug!(error = &error as &dyn Error, "a dead letter is not yet gone from its queue; it comes again");
    }
}
