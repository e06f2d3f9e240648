//! Two engines and a Redis to which harm is done while they work: nothing is lost, nothing is done twice.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use futures::future::join_all;
use stagemark::{Attempt, Engine, MemoryStore, Name, Step, Workflow, from_fn};
use stagemark_redis::Redis;
use stagemark_services as services;
use tokio::time::sleep;

use crate::fixture::{LONG, answers, own, until};

const WORK: Workflow<u32, u32> = Workflow::new("work");
const OTHER: Workflow<u32, u32> = Workflow::new("other");
const LIMIT: u32 = 3;

/// How many attempts are inside, and how many were at most.
#[derive(Clone, Debug, Default)]
struct Crowd {
    now: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
    all: Arc<AtomicUsize>,
}

impl Crowd {
    async fn enter(&self) {
        self.all.fetch_add(1, SeqCst);
        self.most.fetch_max(self.now.fetch_add(1, SeqCst) + 1, SeqCst);
        sleep(Duration::from_millis(200)).await;
        self.now.fetch_sub(1, SeqCst);
    }
}

async fn engine(store: &MemoryStore, redis: Redis, crowd: &Crowd) -> Engine {
    let crowd = crowd.clone();
    let work = from_fn(Name::new("work"), move |attempt: Attempt, n: u32| {
        let crowd = crowd.clone();
        async move {
            attempt.progress(0.5, "working");
            crowd.enter().await;
            Ok(n)
        }
    });
    let other = from_fn(Name::new("other"), |_, n: u32| async move { Ok(n) });
    let builder = Engine::builder(store.clone()).lease(Duration::from_secs(1)).poll(Duration::from_millis(100));
    let builder = builder.locks(redis.clone()).dedup(redis.clone()).live(redis.clone()).limits(redis);
    let builder = builder.serve(WORK.define(|n| n.then(work.fleet_limit(LIMIT))));
    builder.serve(OTHER.define(|n| n.then(other))).start().await.unwrap()
}

/// Runs limited steps on two engines while harm is done, and sees that others go on meanwhile.
async fn under(harm: impl AsyncFnOnce(&services::Redis, &dyn Fn() -> bool)) {
    let server = services::Redis::temporary().unwrap();
    let redis = own(&server.url()).await;
    let (store, crowd) = (MemoryStore::new(), Crowd::default());
    let engines = [engine(&store, redis.clone(), &crowd).await, engine(&store, redis.clone(), &crowd).await];
    let submit = |n: u32| engines[n as usize % 2].submit(WORK, n).key(format!("key-{n}"));
    let runs = join_all((0..60).map(|n| async move { submit(n).await.unwrap() })).await;
    until(async || crowd.all.load(SeqCst) >= 6).await;

    harm(&server, &|| crowd.now.load(SeqCst) > 0).await;
    for n in 0..20 {
        let run = engines[n as usize % 2].submit(OTHER, n).await.unwrap();
        assert_eq!(tokio::time::timeout(LONG, run.result()).await.unwrap().unwrap(), n);
    }
    if !server.is_ready() {
        server.resume();
        server.start_again().unwrap();
    }
    until(async || answers(&redis).await).await;

    let results = join_all(runs.iter().map(|run| tokio::time::timeout(LONG, run.result()))).await;
    let results: Vec<_> = results.into_iter().map(|result| result.expect("it goes on").unwrap()).collect();
    assert_eq!(results, (0..60).collect::<Vec<_>>());
    assert_eq!(crowd.most.load(SeqCst), LIMIT as usize);
    assert_eq!(crowd.all.load(SeqCst), 60, "nothing was done twice");
    let again = join_all((0..60).map(|n| async move { submit(n).await.unwrap().id() })).await;
    assert_eq!(again, runs.iter().map(stagemark::Run::id).collect::<Vec<_>>());
    assert!(engines[0].doctor().await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn flushed() {
    under(async |server, at_work| {
        for _ in 0..3 {
            until(async || at_work()).await;
            server.flush().unwrap();
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_and_started_again() {
    under(async |server, at_work| {
        for _ in 0..3 {
            until(async || at_work()).await;
            server.kill().unwrap();
            server.start_again().unwrap();
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn away_for_longer_than_permits_live() {
    under(async |server, _| {
        server.kill().unwrap();
        sleep(Duration::from_secs(3)).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn paused_for_longer_than_permits_live() {
    under(async |server, _| {
        server.pause().unwrap();
        sleep(Duration::from_secs(3)).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_key_is_one_run_while_redis_is_flushed() {
    let server = services::Redis::temporary().unwrap();
    let redis = own(&server.url()).await;
    let (store, crowd) = (MemoryStore::new(), Crowd::default());
    let engines = [engine(&store, redis.clone(), &crowd).await, engine(&store, redis, &crowd).await];

    for n in 0..300_u32 {
        if n % 100 == 50 {
            server.flush().unwrap();
        }
        let key = format!("key-{n}");
        let (one, other) = tokio::join!(
            engines[0].submit(OTHER, n).key(&key).into_future(),
            engines[1].submit(OTHER, n).key(&key).into_future()
        );
        assert_eq!(one.unwrap().id(), other.unwrap().id(), "{key}");
    }
}
