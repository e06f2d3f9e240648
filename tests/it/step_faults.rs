//! Steps that fail, panic, hang, fall silent or do not stop when told.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
    time::Duration,
};

use stagemark::{Attempt, Definition, FailedStep, Permanent, RunError, Status, Step, StepError, from_fn};

use crate::fixture::{AT_ONCE, Fixture, ONE_STEP, ONLY, finish, one_step, until};

/// Runs it once and gives how it failed.
async fn failure_of(definition: Definition) -> FailedStep {
    let fixture = Fixture::new();
    let engine = fixture.serve(definition).await;
    let run = engine.submit(ONE_STEP, 1).await.unwrap();
    let Err(RunError::Failed(failed)) = run.result().await else { panic!("the run did not fail") };
    assert_eq!(run.status().await.unwrap().error.as_ref(), Some(&failed));
    finish(engine).await;
    failed
}

#[derive(Debug)]
struct Outer(std::num::ParseIntError);

impl std::fmt::Display for Outer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the size is not known")
    }
}

impl std::error::Error for Outer {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_failure_is_told_with_step_attempt_and_the_whole_chain() {
    let failed = failure_of(one_step(|_, _| async move {
        "many".parse::<u32>().map_err(Outer)?;
        Ok(0)
    }))
    .await;

    assert_eq!((failed.step.as_str(), failed.attempt), ("only", 3));
    assert_eq!(failed.chain, ["the size is not known", "invalid digit found in string"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permanent_error_is_not_tried_again() {
    let failed = failure_of(one_step(|_, _| async move { Err("no").permanent() })).await;

    assert_eq!(failed.attempt, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_is_a_failed_attempt() {
    let failed = failure_of(one_step(|_, n| async move { panic!("number {n} is wrong") })).await;

    assert_eq!(failed.attempt, 3);
    assert_eq!(failed.chain, ["the step panicked: number 1 is wrong"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_recovers_from_its_panic_makes_the_run_ready() {
    let fixture = Fixture::new();
    let engine = fixture
        .serve(one_step(|attempt, n| async move {
            assert!(attempt.number() > 2, "not yet");
            Ok(n)
        }))
        .await;

    let run = engine.submit(ONE_STEP, 5).await.unwrap();

    assert_eq!(run.result().await.unwrap(), 5);
    assert_eq!(run.status().await.unwrap().tasks[0].attempt, 3);
    finish(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_hangs_past_its_timeout_has_failed() {
    let step = from_fn(ONLY, |_, _: u32| std::future::pending::<Result<u32, StepError>>());
    let hangs = step.timeout(Duration::from_millis(50)).attempts(2).backoff(AT_ONCE);

    let failed = failure_of(ONE_STEP.define(|n| n.then(hangs))).await;

    assert_eq!(failed.attempt, 2);
    assert_eq!(failed.chain, ["no result within the timeout of 50ms"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_step_that_blocks_its_thread_past_its_timeout_has_failed() {
    let (let_go, wait) = std::sync::mpsc::channel::<()>();
    let wait = Arc::new(std::sync::Mutex::new(wait));
    let step = from_fn(ONLY, move |_, _: u32| {
        let wait = Arc::clone(&wait);
        async move {
            // Blocks until the test lets go.
            let _released = wait.lock().map(|wait| wait.recv());
            Ok(0)
        }
    });
    let blocks = step.timeout(Duration::from_millis(50)).attempts(1);

    let failed = failure_of(ONE_STEP.define(|n| n.then(blocks))).await;

    drop(let_go);
    assert_eq!(failed.chain, ["no result within the timeout of 50ms"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_falls_silent_has_failed_and_one_that_reports_has_not() {
    let step = from_fn(ONLY, |attempt: Attempt, n: u32| async move {
        for _ in 0..4 {
            attempt.heartbeat();
            tokio::time::sleep(Duration::from_millis(60)).await;
        }
        if attempt.number() == 1 {
            std::future::pending::<()>().await;
        }
        Ok(n)
    });
    let watched = step.heartbeat(Duration::from_millis(200)).attempts(2).backoff(AT_ONCE);
    let fixture = Fixture::new();
    let engine = fixture.serve(ONE_STEP.define(|n| n.then(watched))).await;

    let run = engine.submit(ONE_STEP, 3).await.unwrap();

    assert_eq!(run.result().await.unwrap(), 3);
    let task = run.status().await.unwrap().tasks.remove(0);
    assert_eq!((task.attempt, task.error), (2, vec!["no heartbeat for 200ms".to_owned()]));
    finish(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_ignores_cancellation_is_dropped() {
    let begun = Arc::new(tokio::sync::Notify::new());
    let beginning = Arc::clone(&begun);
    let fixture = Fixture::new();
    let engine = fixture
        .serve(one_step(move |_, _| {
            beginning.notify_one();
            std::future::pending()
        }))
        .await;
    let run = engine.submit(ONE_STEP, 1).await.unwrap();
    begun.notified().await;

    assert_eq!(run.cancel().await.unwrap(), Status::Cancelled);

    assert!(matches!(run.result().await, Err(RunError::Cancelled)));
    // Its slot is given back once it is dropped: the engine stops without handing anything back.
    finish(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backoff_is_waited_for() {
    let times = Arc::new(std::sync::Mutex::new(Vec::new()));
    let noted = Arc::clone(&times);
    let step = from_fn(ONLY, move |_, _: u32| {
        noted.lock().unwrap().push(std::time::Instant::now());
        async move { Err::<u32, StepError>("no".into()) }
    });
    let waits = step.attempts(3).backoff(stagemark::Backoff::Fixed(Duration::from_millis(150)));

    failure_of(ONE_STEP.define(|n| n.then(waits))).await;

    let times = times.lock().unwrap().clone();
    assert!(times.windows(2).all(|pair| pair[1] - pair[0] >= Duration::from_millis(149)), "{times:?}");
    assert_eq!(times.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_input_that_the_step_cannot_read_is_a_permanent_failure() {
    #[derive(serde::Serialize, serde::Deserialize)]
    struct Picky(#[serde(deserialize_with = "refuse")] u32);

    fn refuse<'de, D: serde::Deserializer<'de>>(_: D) -> Result<u32, D::Error> {
        Err(serde::de::Error::custom("not readable any more"))
    }
    const PICKY: stagemark::Workflow<Picky, u32> = stagemark::Workflow::new("picky");
    let fixture = Fixture::new();
    let step = from_fn(ONLY, |_, input: Picky| async move { Ok(input.0) });
    let engine = fixture.serve(PICKY.define(|input| input.then(step))).await;

    let run = engine.submit(PICKY, Picky(1)).await.unwrap();

    let Err(RunError::Failed(failed)) = run.result().await else { panic!("it was read") };
    assert_eq!(failed.attempt, 1);
    assert!(failed.chain[0].contains("not readable any more"), "{failed}");
    finish(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_runs_that_fail_leave_nothing_behind() {
    let failures = Arc::new(AtomicU32::new(0));
    let failing = Arc::clone(&failures);
    let fixture = Fixture::new();
    let engine = fixture
        .serve(one_step(move |_, n| {
            let failing = Arc::clone(&failing);
            async move {
                failing.fetch_add(1, SeqCst);
                if n % 2 == 0 { Err("even".into()) } else { Ok(n) }
            }
        }))
        .await;

    let submissions = (0..100).map(|n| engine.submit(ONE_STEP, n).into_future());
    let runs = futures::future::join_all(submissions).await;
    let mut ready = 0;
    for run in runs {
        ready += u32::from(run.unwrap().result().await.is_ok());
    }

    assert_eq!((ready, failures.load(SeqCst)), (50, 50 + 3 * 50));
    until("nothing is leased", || async { engine.doctor().await.unwrap().is_empty() }).await;
    finish(engine).await;
}
