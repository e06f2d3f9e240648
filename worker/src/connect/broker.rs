//! The broker, which tells workers of due runs.

#[cfg(feature = "amqp")]
pub(super) use amqp::dispatch;
#[cfg(not(feature = "amqp"))]
pub(super) use without::dispatch;

#[cfg(feature = "amqp")]
mod amqp {
    use std::sync::Arc;

    use async_trait::async_trait;
    use stagemark::{
        Builder,
        ports::{Delivery, Dispatch, DispatchError, Hint},
    };
    use stagemark_amqp::AmqpDispatch;

    use crate::{
        Settings, WorkerError,
        health::{Condition, Health, Probe},
    };

    pub(crate) async fn dispatch(
        settings: &Settings,
        health: &Health,
        builder: Builder,
    ) -> Result<Builder, WorkerError> {
        let Some(address) = &settings.broker else { return Ok(builder) };
        let connected = AmqpDispatch::connect(address.expose()).await;
        let refused = |source| WorkerError::Broker { address: address.clone(), source: Box::new(source) };
        let broker = Shared(Arc::new(connected.map_err(refused)?));
        health.add("broker", Condition::Degraded, broker.clone());
        Ok(builder.dispatch(broker))
    }

    /// A broker that the engine uses and that is watched.
    #[derive(Clone, Debug)]
    struct Shared(Arc<AmqpDispatch>);

    #[async_trait]
    impl Dispatch for Shared {
        async fn publish(&self, hints: &[Hint]) -> Result<(), DispatchError> {
            self.0.publish(hints).await
        }

        async fn receive(&self, pools: &[Arc<str>], limit: usize) -> Result<Vec<Delivery>, DispatchError> {
            self.0.receive(pools, limit).await
        }

        async fn settle(&self, deliveries: Vec<Delivery>) -> Result<(), DispatchError> {
            self.0.settle(deliveries).await
        }
    }

    #[async_trait]
    impl Probe for Shared {
        async fn probe(&self) -> Result<(), String> {
            // The error itself would tell the host and the user.
            self.0.reach().await.map_err(|_| "the broker takes no hints; the queue is looked into".to_owned())
        }
    }
}

#[cfg(not(feature = "amqp"))]
mod without {
    use stagemark::Builder;

    use crate::{Settings, WorkerError, health::Health};

    pub(crate) async fn dispatch(settings: &Settings, _: &Health, builder: Builder) -> Result<Builder, WorkerError> {
        match &settings.broker {
            Some(_) => Err(WorkerError::NotBuilt { setting: "amqp_url", feature: "amqp" }),
            None => Ok(builder),
        }
    }
}
