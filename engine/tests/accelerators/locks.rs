//! Locks exclude attempts of all engines.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use futures::future::join_all;
use stagemark::{
    Attempt, Engine, Lock, LockError, MemoryLocks, MemoryStore, RunError, Status, StepError,
    ports::{LockToken, Locks},
};
use tokio::{sync::oneshot, time::Instant};

use crate::{
    fickle::Fickle,
    fixture::{Crowd, WORK, builder, soon, step},
};

const PRINTER: &str = "printer-7";

/// An engine whose one step does this.
async fn engine<F, Fut>(store: &MemoryStore, locks: impl Locks, work: F) -> Engine
where
    F: Fn(Attempt, u32) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<u32, StepError>> + Send + 'static,
{
    let definition = WORK.define(|n| n.then(step(work)));
    builder(store).locks(locks).serve(definition).start().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_excludes_the_attempts_of_all_engines() {
    let (store, locks, crowd) = (MemoryStore::new(), MemoryLocks::new(), Crowd::default());
    let tokens = Arc::new(Mutex::new(Vec::new()));
    let mut engines = Vec::new();
    for _ in 0..2 {
        let (crowd, tokens) = (crowd.clone(), Arc::clone(&tokens));
        let work = move |attempt: Attempt, n| {
            let (crowd, tokens) = (crowd.clone(), Arc::clone(&tokens));
            async move {
                let lock = attempt.lock(PRINTER).await?;
                tokens.lock().unwrap().push(lock.fencing_token());
                crowd.enter(Duration::from_millis(5)).await;
                Ok(n)
            }
        };
        engines.push(engine(&store, locks.clone(), work).await);
    }

    let runs = (0..20).map(|n| engines[n as usize % 2].submit(WORK, n));
    soon(join_all(runs.map(|run| async { run.await.unwrap().result().await.unwrap() }))).await;

    assert_eq!(crowd.most(), 1);
    let tokens = tokens.lock().unwrap();
    assert_eq!(tokens.len(), 20);
    assert!(tokens.is_sorted_by(|one, next| one < next), "{tokens:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lock_of_a_holder_that_died_is_taken_over() {
    const LEFT: Duration = Duration::from_millis(300);
    let (store, locks) = (MemoryStore::new(), MemoryLocks::new());
    let (begun, dead) = (Instant::now(), locks.acquire(PRINTER, LockToken::new(), LEFT).await.unwrap().unwrap());
    let engine = engine(&store, locks, |attempt, _| async move {
        let lock = attempt.lock(PRINTER).await?;
        Ok(u32::try_from(lock.fencing_token())?)
    });

    let token = soon(engine.await.submit(WORK, 1).await.unwrap().result()).await.unwrap();

    assert!(u64::from(token) > dead.fencing_token);
    assert!(begun.elapsed() >= LEFT, "it was taken while another held it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_is_held_for_longer_than_a_lease() {
    let (store, locks) = (MemoryStore::new(), MemoryLocks::new());
    let seen = locks.clone();
    let engine = engine(&store, locks, move |attempt, n| {
        let seen = seen.clone();
        async move {
            let lock = attempt.lock(PRINTER).await?;
            // Longer than the lease of one second: it must have been renewed.
            tokio::time::sleep(Duration::from_millis(1500)).await;
            assert!(!lock.is_lost());
            assert!(seen.acquire(PRINTER, LockToken::new(), Duration::from_secs(1)).await?.is_none());
            Ok(n)
        }
    });

    assert_eq!(soon(engine.await.submit(WORK, 1).await.unwrap().result()).await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_that_cannot_be_renewed_is_lost() {
    let (store, service) = (MemoryStore::new(), Fickle::default());
    let switch = service.clone();
    let engine = engine(&store, service, move |attempt, n| {
        let service = switch.clone();
        async move {
            let lock = attempt.lock(PRINTER).await?;
            assert!(!lock.is_lost());
            service.go_away();
            lock.lost().await;
            assert!(lock.is_lost());
            Ok(n)
        }
    });

    assert_eq!(soon(engine.await.submit(WORK, 1).await.unwrap().result()).await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_dropped_or_released_is_free_at_once() {
    let (store, locks) = (MemoryStore::new(), MemoryLocks::new());
    let engine = engine(&store, locks.clone(), |attempt: Attempt, n| async move {
        for _ in 0..3 {
            attempt.lock(PRINTER).await?.release().await;
            drop(attempt.lock(PRINTER).await?);
        }
        let _kept: Lock = attempt.lock(PRINTER).await?;
        Ok(n)
    });
    let begun = Instant::now();

    soon(engine.await.submit(WORK, 1).await.unwrap().result()).await.unwrap();

    assert!(begun.elapsed() < Duration::from_secs(1), "it waited for the lock to lapse");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_a_lock_can_be_cancelled() {
    let (store, locks) = (MemoryStore::new(), MemoryLocks::new());
    let held = locks.acquire(PRINTER, LockToken::new(), Duration::from_mins(1)).await.unwrap().unwrap();
    let (tell, told) = oneshot::channel();
    let tell = Arc::new(Mutex::new(Some(tell)));
    let engine = engine(&store, locks.clone(), move |attempt: Attempt, n| {
        let tell = Arc::clone(&tell);
        async move {
            attempt.progress(0.1, "waiting");
            let refused = attempt.lock(PRINTER).await.map(|_| ());
            tell.lock().unwrap().take().unwrap().send(refused).unwrap();
            Ok(n)
        }
    });
    let engine = engine.await;
    let run = engine.submit(WORK, 1).await.unwrap();
    crate::fixture::until(async || run.status().await.unwrap().tasks[0].fraction > 0.0).await;

    assert_eq!(run.cancel().await.unwrap(), Status::Cancelled);

    assert_eq!(soon(told).await.unwrap(), Err(LockError::Cancelled));
    assert!(locks.release(&held).await.unwrap(), "it was taken from its holder");
    assert!(matches!(run.result().await, Err(RunError::Cancelled)));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_locks_a_step_that_wants_one_says_what_is_missing() {
    let store = MemoryStore::new();
    let work = step(|attempt: Attempt, n| async move {
        let _lock = attempt.lock(PRINTER).await.map_err(StepError::permanent)?;
        Ok(n)
    });
    let engine = builder(&store).serve(WORK.define(|n| n.then(work))).start().await.unwrap();

    let failed = soon(engine.submit(WORK, 1).await.unwrap().result()).await.unwrap_err();

    assert!(failed.to_string().contains("Engine::builder(..).locks(..)"), "{failed}");
}
