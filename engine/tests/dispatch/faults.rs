//! Where messages do not come.

use std::{
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use stagemark::{
    MemoryDispatch, MemoryStore, Timestamp,
    ports::{Outbox, Store},
};
use tracing_subscriber::fmt::MakeWriter;

use crate::{
    brokers::{Fickle, Leaky},
    fixture::{INCREASE, OFTEN, SELDOM, engine, increase, soon, until, until_sent},
};

#[tokio::test]
async fn all_runs_end_though_every_message_is_lost() {
    let store = MemoryStore::new();
    let api = engine(&store, Leaky, SELDOM).start().await.unwrap();
    let worker = engine(&store, Leaky, OFTEN).serve(increase()).start().await.unwrap();

    for n in 0..20 {
        let run = api.submit(INCREASE, n).await.unwrap();
        assert_eq!(soon(run.result()).await.unwrap(), n + 1);
    }
    worker.shutdown(Duration::ZERO).await;
}

#[tokio::test]
async fn what_a_dead_host_left_in_the_outbox_is_sent_by_another() {
    let (store, broker) = (MemoryStore::new(), MemoryDispatch::new());
    let dead = engine(&store, broker.clone(), SELDOM).start().await.unwrap();
    let prepared = dead.submit(INCREASE, 1).prepare().await.unwrap();
    // It is committed, and its host dies before it has told anybody.
    let outcome = store.write(&[prepared.write().clone()]).await.unwrap().remove(0);
    let id = prepared.settle(outcome).unwrap().id();
    dead.shutdown(Duration::ZERO).await;

    let worker = engine(&store, broker.clone(), SELDOM).serve(increase()).start().await.unwrap();
    let other = engine(&store, broker, OFTEN).start().await.unwrap();

    let run = other.attach(INCREASE, id).await.unwrap();
    assert_eq!(soon(run.result()).await.unwrap(), 2);
    until_sent(&store).await;
    worker.shutdown(Duration::ZERO).await;
}

#[tokio::test]
async fn an_outbox_longer_than_a_publication_is_emptied_at_once_when_the_broker_is_back() {
    let (store, broker) = (MemoryStore::new(), Fickle::default());
    broker.set_away(true);
    let api = engine(&store, broker.clone(), OFTEN).start().await.unwrap();
    for n in 0..2_000 {
        api.submit(INCREASE, n).await.unwrap();
    }
    assert_eq!(store.unsent(Timestamp(u64::MAX), 3_000).await.unwrap().len(), 2_000);

    broker.set_away(false);

    until_sent(&store).await;
}

#[derive(Clone, Debug, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

impl Lines {
    fn of(&self, level: &str) -> usize {
        self.0.lock().unwrap().iter().filter(|line| line.contains(level)).count()
    }
}

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().push(String::from_utf8_lossy(bytes).into_owned());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn an_outage_is_said_once_and_work_goes_on() {
    let lines = Lines::default();
    let subscriber = tracing_subscriber::fmt().with_writer(lines.clone()).with_ansi(false).finish();
    let _listening = tracing::subscriber::set_default(subscriber);
    let (store, broker) = (MemoryStore::new(), Fickle::default());
    broker.set_away(true);
    let api = engine(&store, broker.clone(), OFTEN).start().await.unwrap();
    let worker = engine(&store, broker.clone(), OFTEN).serve(increase()).start().await.unwrap();

    for n in 0..20 {
        let run = api.submit(INCREASE, n).await.unwrap();
        assert_eq!(soon(run.result()).await.unwrap(), n + 1);
    }
    until(async || broker.refusals() > 10).await;
    // That nothing is published, by the one who submits; that nothing is received, by the one who works.
    assert_eq!(lines.of(" WARN "), 2, "{lines:?}");

    broker.set_away(false);
    let run = api.submit(INCREASE, 1).await.unwrap();
    assert_eq!(soon(run.result()).await.unwrap(), 2);
    until(async || lines.of("takes hints again") == 1 && lines.of("hands out hints again") == 1).await;
    until_sent(&store).await;
    worker.shutdown(Duration::ZERO).await;
}
