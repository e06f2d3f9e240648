//! Limits hold over all engines.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use futures::future::join_all;
use stagemark::{
    Engine, FromFn, MemoryLimits, MemoryStore, Name, Options, StartError, Step, Tuned, WorkerId, Workflow, from_fn,
    ports::{Holding, Limits, Semaphore},
};
use tokio::time::Instant;

use crate::{
    fickle::Fickle,
    fixture::{Crowd, STEP, WORK, builder, soon, step, until},
};

const STAY: Duration = Duration::from_millis(20);

/// An engine whose one step lets at most so many in.
async fn engine(store: &MemoryStore, limits: impl Limits, crowd: &Crowd, bound: u32) -> Engine {
    let crowd = crowd.clone();
    let work = step(move |_, n| {
        let crowd = crowd.clone();
        async move {
            crowd.enter(STAY).await;
            Ok(n)
        }
    });
    let definition = WORK.define(|n| n.then(work.fleet_limit(bound)));
    builder(store).limits(limits).serve(definition).start().await.unwrap()
}

async fn results(engines: &[&Engine], runs: u32) -> Vec<u32> {
    let engines = engines.iter().cycle();
    let run = |(n, engine): (u32, &&Engine)| {
        let submission = engine.submit(WORK, n);
        async move { submission.await.unwrap().result().await.unwrap() }
    };
    soon(join_all((0..runs).zip(engines).map(run))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn never_more_than_the_limit_run_at_once_over_two_engines() {
    let (store, limits, crowd) = (MemoryStore::new(), MemoryLimits::new(), Crowd::default());
    let one = engine(&store, limits.clone(), &crowd, 3).await;
    let other = engine(&store, limits, &crowd, 3).await;

    let results = results(&[&one, &other], 40).await;

    assert_eq!(results, (0..40).collect::<Vec<_>>());
    assert_eq!(crowd.most(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_limit_holds_for_the_items_of_a_list() {
    const ALL: Workflow<Vec<u32>, Vec<u32>> = Workflow::new("all");
    let (store, crowd) = (MemoryStore::new(), Crowd::default());
    let inside = crowd.clone();
    let work = step(move |_, n| {
        let crowd = inside.clone();
        async move {
            crowd.enter(STAY).await;
            Ok(n)
        }
    });
    let definition = ALL.define(|list| list.each(work.fleet_limit(2)));
    let engine = builder(&store).limits(MemoryLimits::new()).serve(definition).start().await.unwrap();

    let run = engine.submit(ALL, (0..20).collect()).await.unwrap();

    assert_eq!(soon(run.result()).await.unwrap(), (0..20).collect::<Vec<_>>());
    assert_eq!(crowd.most(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rate_is_kept_over_two_engines() {
    const PER: Duration = Duration::from_millis(400);
    let (store, limits) = (MemoryStore::new(), MemoryLimits::new());
    let begun = Arc::new(Mutex::new(Vec::new()));
    let mut engines = Vec::new();
    for _ in 0..2 {
        let begun = Arc::clone(&begun);
        let work = step(move |_, n| {
            begun.lock().unwrap().push(Instant::now());
            async move { Ok(n) }
        });
        let definition = WORK.define(|n| n.then(work.rate(5, PER)));
        engines.push(builder(&store).limits(limits.clone()).serve(definition).start().await.unwrap());
    }

    results(&[&engines[0], &engines[1]], 20).await;

    let begun = begun.lock().unwrap().clone();
    assert_eq!(begun.len(), 20);
    // The begin is a commit later than the permit, and not always by the same time.
    let span = PER.mul_f64(0.9);
    let within = |from: &Instant| begun.iter().filter(|at| *at >= from && **at < *from + span).count();
    assert!(begun.iter().map(within).max().unwrap() <= 5, "{begun:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn permits_of_a_worker_that_died_lapse() {
    let (store, limits, crowd) = (MemoryStore::new(), MemoryLimits::new(), Crowd::default());
    let semaphore = Semaphore { name: STEP.as_str().into(), permits_max: 1 };
    let dead = Holding { holder: WorkerId(99), held: 0, wanted: 1, sequence: 1 };
    let lapses = Instant::now() + Duration::from_millis(700);
    assert_eq!(limits.hold(&semaphore, &dead, Duration::from_millis(700)).await.unwrap(), 1);

    let engine = engine(&store, limits, &crowd, 1).await;
    results(&[&engine], 1).await;

    assert!(Instant::now() >= lapses, "the permit of another was used");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_shuts_down_gives_its_permits_back() {
    let (store, limits, crowd) = (MemoryStore::new(), MemoryLimits::new(), Crowd::default());
    let engine = engine(&store, limits.clone(), &crowd, 2).await;
    results(&[&engine], 4).await;

    engine.shutdown(Duration::ZERO).await;

    let semaphore = Semaphore { name: STEP.as_str().into(), permits_max: 2 };
    let next = Holding { holder: WorkerId(99), held: 0, wanted: 2, sequence: 1 };
    assert_eq!(limits.hold(&semaphore, &next, Duration::from_secs(1)).await.unwrap(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_limits_away_limited_steps_wait_and_others_go_on() {
    const OTHER: Workflow<u32, u32> = Workflow::new("other");
    let (store, service, crowd) = (MemoryStore::new(), Fickle::default(), Crowd::default());
    let limited = crowd.clone();
    let work = step(move |_, n| {
        let crowd = limited.clone();
        async move {
            crowd.enter(STAY).await;
            Ok(n)
        }
    });
    let other = from_fn(Name::new("other"), |_, n: u32| async move { Ok(n) });
    let engine = builder(&store)
        .limits(service.clone())
        .serve(WORK.define(|n| n.then(work.fleet_limit(1))))
        .serve(OTHER.define(|n| n.then(other)));
    let engine = engine.start().await.unwrap();

    service.go_away();
    let waits = engine.submit(WORK, 1).await.unwrap();
    for n in 0..20 {
        assert_eq!(soon(engine.submit(OTHER, n).await.unwrap().result()).await.unwrap(), n);
    }

    assert_eq!(crowd.most(), 0);
    assert!(engine.doctor().await.unwrap().is_empty(), "its place in the queue explains it");
    service.come_back();
    assert_eq!(soon(waits.result()).await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn attempts_go_on_while_the_limits_are_away() {
    let (store, service, crowd) = (MemoryStore::new(), Fickle::default(), Crowd::default());
    let engine = engine(&store, service.clone(), &crowd, 1).await;
    let run = engine.submit(WORK, 7).await.unwrap();
    until(async || crowd.now() == 1).await;

    service.go_away();

    assert_eq!(soon(run.result()).await.unwrap(), 7);
}

#[tokio::test]
async fn a_limited_step_needs_limits_to_start() {
    type Shout =
        Tuned<FromFn<fn(stagemark::Attempt, u32) -> std::future::Ready<Result<u32, stagemark::StepError>>, u32, u32>>;
    let same: fn(_, _) -> _ = |_, n| std::future::ready(Ok(n));
    let limited: [Shout; 2] = [from_fn(STEP, same).fleet_limit(1), from_fn(STEP, same).rate(1, STAY)];

    for step in limited {
        let started = Engine::builder(MemoryStore::new()).serve(WORK.define(|n| n.then(step))).start().await;
        assert!(matches!(started, Err(StartError::NoLimits { step: STEP })), "{started:?}");
    }
}

#[test]
fn limits_are_options_like_others() {
    let same = from_fn(STEP, |_, n: u32| async move { Ok(n) });

    let options = same.fleet_limit(0).rate(0, Duration::ZERO).options();

    assert_eq!(options.fleet_limit, Some(1));
    assert_eq!(options.rate.unwrap().count(), 1);
    assert_eq!(Options { fleet_limit: None, rate: None, ..options }, Options::default());
}
