//! Idempotency keys that are remembered save a write, and never decide anything.

use std::time::Duration;

use futures::future::join_all;
use stagemark::{
    Engine, MemoryDedup, RunId, SubmitError,
    ports::{Dedup, Store},
};

use crate::{
    fickle::Fickle,
    fixture::{Counted, WORK, builder, soon, step, until},
};

const KEY: &str = "upload-42";
const LONG: Duration = Duration::from_mins(1);

async fn engine(store: &Counted, dedup: impl Dedup) -> Engine {
    let definition = WORK.define(|n| n.then(step(|_, n| async move { Ok(n) })));
    builder(store).dedup(dedup).serve(definition).start().await.unwrap()
}

async fn submit(engine: &Engine, n: u32) -> RunId {
    engine.submit(WORK, n).key(KEY).await.unwrap().id()
}

async fn remembered(dedup: &MemoryDedup, run: RunId) {
    until(async || dedup.recall("work", KEY).await.unwrap() == Some(run)).await;
}

#[tokio::test]
async fn a_key_that_is_remembered_saves_the_write() {
    let (store, dedup) = (Counted::default(), MemoryDedup::new());
    let (one, other) = (engine(&store, dedup.clone()).await, engine(&store, dedup.clone()).await);
    let first = submit(&one, 1).await;
    remembered(&dedup, first).await;

    let again = other.submit(WORK, 1).key(KEY).await.unwrap();

    assert_eq!((again.id(), store.submissions()), (first, 1));
    assert_eq!(soon(again.result()).await.unwrap(), 1);
}

#[tokio::test]
async fn a_key_that_was_forgotten_is_still_one_run() {
    let (store, dedup) = (Counted::default(), MemoryDedup::new());
    let first = submit(&engine(&store, dedup).await, 1).await;

    let forgetful = MemoryDedup::new();
    let again = submit(&engine(&store, forgetful.clone()).await, 1).await;

    assert_eq!((again, store.submissions()), (first, 2));
    remembered(&forgetful, first).await;
}

#[tokio::test]
async fn what_is_remembered_wrongly_is_not_believed() {
    let (store, dedup) = (Counted::default(), MemoryDedup::new());
    let engine = engine(&store, dedup.clone()).await;
    let first = submit(&engine, 1).await;
    remembered(&dedup, first).await;
    let other = engine.submit(WORK, 2).await.unwrap().id();

    for wrong in [other, RunId::new()] {
        dedup.remember("work", KEY, wrong, LONG).await.unwrap();
        assert_eq!(submit(&engine, 1).await, first);
        remembered(&dedup, first).await;
    }
    assert_eq!(store.load(&[first]).await.unwrap().len(), 1);
}

#[tokio::test]
async fn another_input_under_a_remembered_key_is_refused() {
    let (store, dedup) = (Counted::default(), MemoryDedup::new());
    let engine = engine(&store, dedup.clone()).await;
    let first = submit(&engine, 1).await;
    remembered(&dedup, first).await;

    let refused = engine.submit(WORK, 2).key(KEY).await.unwrap_err();

    assert!(matches!(refused, SubmitError::KeyReused { run, .. } if run == first), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_key_is_one_run_while_the_memory_comes_and_goes() {
    let (store, service) = (Counted::default(), Fickle::default());
    let engines = [engine(&store, service.clone()).await, engine(&store, service.clone()).await];

    for n in 0..20 {
        if n % 5 == 0 {
            service.go_away();
        } else {
            service.come_back();
        }
        let key = format!("key-{n}");
        let both = engines.iter().map(|engine| engine.submit(WORK, n).key(&key).into_future());
        let runs: Vec<_> = join_all(both).await.into_iter().map(|run| run.unwrap().id()).collect();
        assert_eq!(runs[0], runs[1], "{key}");
    }
}
