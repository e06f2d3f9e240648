//! Runs that are submitted and carried on all the time, by engines that tell each other of them through the broker.

use std::{sync::Arc, time::Duration};

use stagemark::{Engine, MemoryStore, Name, Timestamp, Workflow, from_fn, ports::Outbox};
use stagemark_amqp::AmqpDispatch;
use tokio::{
    task::JoinHandle,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

const INCREASE: Workflow<u64, u64> = Workflow::new("increase");
const PACE: Duration = Duration::from_millis(20);
const PATIENCE: Duration = Duration::from_mins(1);

/// A host that submits and two that work, which share a store and the broker.
#[derive(Debug)]
pub(crate) struct Work {
    store: MemoryStore,
    api: Arc<Engine>,
    workers: [Engine; 2],
    submitting: JoinHandle<u64>,
    no_more: CancellationToken,
}

impl Work {
    pub(crate) async fn begin(clients: [AmqpDispatch; 3]) -> Self {
        let store = MemoryStore::new();
        let [api, one, two] = clients;
        let workers = [worker(&store, one).await, worker(&store, two).await];
        let api = Engine::builder(store.clone()).dispatch(api).start().await.unwrap();
        let (api, no_more) = (Arc::new(api), CancellationToken::new());
        let submitting = tokio::spawn(submit(Arc::clone(&api), no_more.clone()));
        Self { store, api, workers, submitting, no_more }
    }

    /// Submits no more, and sees that every run ended as it should, and that no hint is left in the outbox.
    pub(crate) async fn ends_well(self) {
        self.no_more.cancel();
        let ready = timeout(PATIENCE, self.submitting).await.expect("each run ends").unwrap();
        assert!(ready > 0);
        println!("{ready} runs are ready");
        assert!(self.api.doctor().await.unwrap().is_empty(), "no run is stuck");
        let drained = async {
            while !self.store.unsent(Timestamp(u64::MAX), 1).await.unwrap().is_empty() {
                sleep(PACE).await;
            }
        };
        timeout(PATIENCE, drained).await.expect("the outbox is emptied");
        for worker in self.workers {
            worker.shutdown(Duration::ZERO).await;
        }
    }
}

async fn worker(store: &MemoryStore, client: AmqpDispatch) -> Engine {
    let add = |name| from_fn(name, |_, n: u64| async move { Ok(n + 1) });
    let increase = INCREASE.define(|n| n.then(add(Name::new("once"))).then(add(Name::new("twice"))));
    Engine::builder(store.clone()).serve(increase).dispatch(client).start().await.unwrap()
}

/// Submits runs until it is told to stop; gives how many there were, once all are ready.
async fn submit(api: Arc<Engine>, no_more: CancellationToken) -> u64 {
    let mut runs = Vec::new();
    while !no_more.is_cancelled() {
        let n = runs.len() as u64;
        runs.push(api.submit(INCREASE, n).await.unwrap());
        sleep(PACE).await;
    }
    let count = runs.len() as u64;
    for (n, run) in (0..).zip(runs) {
        assert_eq!(run.result().await.unwrap(), n + 2);
    }
    count
}
