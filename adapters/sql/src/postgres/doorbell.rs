//! The doorbell: `NOTIFY` wakes the workers of a pool, where there is no broker.
//!
//! It says only that there is something to look for. A ring that is lost is no loss, since workers look by themselves
//! at each poll; one that was rung while nobody could hear it is made up for by a look at the next connection.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use async_trait::async_trait;
use sqlx::{
    Connection as _, PgPool,
    postgres::{PgListener, PgNotification},
};
use stagemark::ports::{Delivery, Dispatch, DispatchError, Hint};
use tokio::{sync::Mutex, time::timeout};

use super::{
    call::{Call, Column, Form},
    pool::{Connections, late},
};

/// After so long without a ring it is asked whether the connection is alive: a peer that is gone rings no more.
const QUIET: Duration = Duration::from_secs(30);

/// The bell of a database.
#[derive(Debug)]
pub(super) struct Doorbell {
    connections: Connections,
    /// One connection, which only listens.
    ear: PgPool,
    channel: String,
    listener: Mutex<Option<PgListener>>,
}

impl Doorbell {
    pub(super) fn new(connections: Connections, ear: PgPool, channel: String) -> Self {
        Self { connections, ear, channel, listener: Mutex::new(None) }
    }

    async fn listen(&self) -> Result<PgListener, sqlx::Error> {
        let mut listener = PgListener::connect_with(&self.ear).await?;
        timeout(self.connections.limit, listener.listen(&self.channel)).await.map_err(|_| late())??;
        Ok(listener)
    }

    /// Waits for a ring; `None` where one may have been missed.
    async fn hear(&self, listener: &mut PgListener) -> Result<Option<PgNotification>, sqlx::Error> {
        loop {
            if let Ok(heard) = timeout(QUIET, listener.try_recv()).await {
                return heard;
            }
            let connection = timeout(self.connections.limit, sqlx::Acquire::acquire(&mut *listener)).await;
            let connection = connection.map_err(|_| late())??;
            timeout(self.connections.limit, connection.ping()).await.map_err(|_| late())??;
        }
    }
}

#[async_trait]
impl Dispatch for Doorbell {
    async fn publish(&self, hints: &[Hint]) -> Result<(), DispatchError> {
        let pools: BTreeSet<&str> = hints.iter().map(|hint| &*hint.pool).collect();
        let mut call = Call::new(Form::Arrays);
        let channel = call.string(self.channel.as_str());
        let rows = call.rows("rung", [("pool", Column::Texts(pools.into_iter().map(Some).collect()))]);
        let call = call.saying(format!("SELECT pg_notify({channel}, pool) FROM {rows}"));
        let rung = self.connections.ask(call).await;
        rung.map(drop).map_err(|error| DispatchError::new("ringing for workers", error))
    }

    async fn receive(&self, pools: &[Arc<str>], _limit: usize) -> Result<Vec<Delivery>, DispatchError> {
        let failed = |error| DispatchError::new("listening for work", error);
        let look = vec![Delivery { hint: None, tag: 0 }];
        let mut place = self.listener.lock().await;
        let Some(listener) = place.as_mut() else {
            *place = Some(self.listen().await.map_err(failed)?);
            return Ok(look);
        };
        loop {
            match self.hear(listener).await {
                Ok(Some(rung)) if !pools.iter().any(|pool| **pool == *rung.payload()) => {}
                Ok(_) => return Ok(look),
                Err(error) => {
                    *place = None;
                    return Err(failed(error));
                }
            }
        }
    }

    async fn settle(&self, _deliveries: Vec<Delivery>) -> Result<(), DispatchError> {
        Ok(())
    }

    fn needs_outbox(&self) -> bool {
        false
    }
}
