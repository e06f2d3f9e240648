//! Where messages come.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
    time::Duration,
};

use futures::future::join_all;
use stagemark::{
    MemoryDispatch, MemoryStore, Name, Priority, Status, Workflow, from_fn,
    ports::{Dispatch, Hint, Store},
};
use tokio::sync::Semaphore;

use crate::{
    brokers::Fickle,
    fixture::{INCREASE, Log, OFTEN, SELDOM, engine, increase, soon, step, until, until_sent},
    store::Away,
};

#[tokio::test]
async fn a_hint_starts_a_run_on_another_host_at_once() {
    let (store, broker) = (MemoryStore::new(), MemoryDispatch::new());
    let api = engine(&store, broker.clone(), SELDOM).start().await.unwrap();
    let worker = engine(&store, broker, SELDOM).serve(increase()).start().await.unwrap();

    let runs = join_all((0..20).map(|n| api.submit(INCREASE, n).into_future())).await;

    for (n, run) in (0..).zip(runs) {
        assert_eq!(soon(run.unwrap().result()).await.unwrap(), n + 1);
    }
    until_sent(&store).await;
    worker.shutdown(Duration::ZERO).await;
}

#[tokio::test]
async fn a_hint_is_settled_once_its_run_is_claimed() {
    let (store, broker) = (Away::default(), Fickle::default());
    let api = engine(&store, broker.clone(), SELDOM).start().await.unwrap();
    let worker = engine(&store, broker.clone(), SELDOM).serve(increase()).start().await.unwrap();
    until(async || worker.doctor().await.is_ok()).await;
    store.set_away(true);

    let run = api.submit(INCREASE, 1).await.unwrap();
    until(async || store.refusals() >= 2).await;
    assert_eq!(broker.settled(), 0, "nothing is claimed yet");
    store.set_away(false);

    assert_eq!(soon(run.result()).await.unwrap(), 2);
    until(async || broker.settled() == 1).await;
}

#[tokio::test]
async fn doubled_and_late_hints_change_nothing() {
    let (store, broker, runs) = (MemoryStore::new(), MemoryDispatch::new(), Arc::new(AtomicU32::new(0)));
    let counted = Arc::clone(&runs);
    let count = INCREASE.define(|n| {
        n.then(step(move |n| {
            counted.fetch_add(1, SeqCst);
            async move { Ok(n + 1) }
        }))
    });
    let worker = engine(&store, broker.clone(), SELDOM).serve(count).start().await.unwrap();
    let api = engine(&store, broker.clone(), SELDOM).start().await.unwrap();

    let run = api.submit(INCREASE, 1).await.unwrap();
    let hint = Hint {
        run: run.id(),
        node: 0,
        workflow: "increase".into(),
        version: 1,
        pool: "default".into(),
        priority: Priority::Normal,
        trace: None,
    };
    broker.publish(&vec![hint.clone(); 50]).await.unwrap();
    assert_eq!(soon(run.result()).await.unwrap(), 2);
    broker.publish(&vec![hint; 50]).await.unwrap();

    let next = api.submit(INCREASE, 5).await.unwrap();
    assert_eq!(soon(next.result()).await.unwrap(), 6, "late hints are settled, and those behind them heard");
    assert_eq!(runs.load(SeqCst), 2);
    worker.shutdown(Duration::ZERO).await;
}

#[tokio::test]
async fn a_hint_of_an_unknown_workflow_is_settled_and_its_run_waits() {
    const OTHER: Workflow<u32, u32> = Workflow::new("other");
    let (store, broker) = (MemoryStore::new(), Fickle::default());
    let ignorant = engine(&store, broker.clone(), SELDOM).serve(increase()).start().await.unwrap();
    let api = engine(&store, broker.clone(), SELDOM).start().await.unwrap();

    let run = api.submit(OTHER, 1).await.unwrap();
    until(async || broker.settled() == 1).await;
    let stored = store.load(&[run.id()]).await.unwrap();
    assert_eq!(stored[0].status, Status::Queued, "nobody guesses at it");

    let knowing = OTHER.define(|n| n.then(step(|n| async move { Ok(n * 10) })));
    let worker = engine(&store, broker, OFTEN).serve(knowing).start().await.unwrap();
    assert_eq!(soon(run.result()).await.unwrap(), 10);
    ignorant.shutdown(Duration::ZERO).await;
    worker.shutdown(Duration::ZERO).await;
}

#[tokio::test]
async fn runs_of_a_higher_priority_are_begun_first() {
    let (store, broker, order, gate) =
        (MemoryStore::new(), MemoryDispatch::new(), Log::default(), Arc::new(Semaphore::new(0)));
    let api = engine(&store, broker.clone(), SELDOM).start().await.unwrap();
    for (n, priority) in [(1, Priority::Low), (2, Priority::Normal), (3, Priority::High)] {
        api.submit(INCREASE, n).priority(priority).await.unwrap();
    }
    until_sent(&store).await;

    let (noted, passed) = (order.clone(), Arc::clone(&gate));
    let pass = INCREASE.define(|n| {
        n.then(step(move |n| {
            let (noted, passed) = (noted.clone(), Arc::clone(&passed));
            async move {
                noted.note(n).await;
                passed.acquire().await?.forget();
                Ok(n)
            }
        }))
    });
    let worker = engine(&store, broker, SELDOM).slots(1).serve(pass).start().await.unwrap();
    gate.add_permits(3);

    until(async || order.all().await.len() == 3).await;
    assert_eq!(order.all().await, [3, 2, 1]);
    worker.shutdown(Duration::ZERO).await;
}

#[tokio::test]
async fn a_worker_without_room_leaves_hints_to_others() {
    const WAIT: Workflow<u32, u32> = Workflow::new("wait");
    let (store, broker) = (MemoryStore::new(), MemoryDispatch::new());
    let waits = || {
        WAIT.define(|n| {
            n.then(from_fn(
                Name::new("wait"),
                |_, _: u32| async move { std::future::pending::<Result<u32, _>>().await },
            ))
        })
    };
    let busy = engine(&store, broker.clone(), SELDOM).slots(1).serve(waits()).serve(increase());
    let busy = busy.start().await.unwrap();
    let stuck = busy.submit(WAIT, 0).await.unwrap();
    let api = engine(&store, broker.clone(), SELDOM).start().await.unwrap();
    until(async || store.load(&[stuck.id()]).await.unwrap()[0].status == Status::Running).await;

    let free = engine(&store, broker, SELDOM).serve(increase()).start().await.unwrap();
    let runs = join_all((0..10).map(|n| api.submit(INCREASE, n).into_future())).await;

    for (n, run) in (0..).zip(runs) {
        assert_eq!(soon(run.unwrap().result()).await.unwrap(), n + 1);
    }
    free.shutdown(Duration::ZERO).await;
    busy.shutdown(Duration::ZERO).await;
}
