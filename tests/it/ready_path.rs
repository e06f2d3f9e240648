//! What happens when nothing goes wrong.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use futures::{StreamExt, pin_mut};
use stagemark::{Attempt, Name, RunError, RunId, Status, Step, StepError, SubmitError, TaskState, Workflow, from_fn};
use tokio::sync::Notify;

use crate::{
    all_kinds::{ALL_KINDS, all_kinds},
    fixture::{AT_ONCE, Fixture, ONE_STEP, ONLY, finish, one_step, until},
    kill::is_whole,
};

const SUM_OF_SQUARES: Workflow<Vec<u64>, u64> = Workflow::new("sum-of-squares");
const IN_ORDER: Workflow<Vec<u64>, Vec<u64>> = Workflow::new("in-order");
const SQUARE: Name = Name::new("square");
const SUM: Name = Name::new("sum");

#[tokio::test(flavor = "multi_thread")]
async fn steps_of_all_kinds_make_the_result() {
    let fixture = Fixture::new();
    let engine = fixture.serve(all_kinds()).await;

    let run = engine.submit(ALL_KINDS, 3).await.unwrap();
    let made = run.result().await.unwrap();

    assert_eq!((made.parts.len(), made.counted, made.shaky), (3, 10, 11));
    for (part, artifact) in (0..).zip(&made.parts) {
        let file = fixture.path().join("out.bin");
        engine.export(artifact, &file).await.unwrap();
        assert!(is_whole(part, &std::fs::read(file).unwrap()));
    }
    finish(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn items_run_side_by_side_up_to_their_limit_and_come_back_in_order() {
    let (at_once, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (running, highest) = (Arc::clone(&at_once), Arc::clone(&most));
    let square = from_fn(SQUARE, move |_, n: u64| {
        let (running, highest) = (Arc::clone(&running), Arc::clone(&highest));
        async move {
            highest.fetch_max(running.fetch_add(1, SeqCst) + 1, SeqCst);
            // The later the item, the sooner it is done.
            tokio::time::sleep(Duration::from_millis(30 - n)).await;
            running.fetch_sub(1, SeqCst);
            Ok::<_, StepError>(n)
        }
    });
    let fixture = Fixture::new();
    let engine = fixture.serve(IN_ORDER.define(|list| list.each(square.concurrency(3)))).await;

    let run = engine.submit(IN_ORDER, (0..20).collect()).await.unwrap();

    assert_eq!(run.result().await.unwrap(), (0..20).collect::<Vec<_>>());
    assert_eq!(most.load(SeqCst), 3);
    finish(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_list_is_joined_at_once() {
    let fixture = Fixture::new();
    let definition = SUM_OF_SQUARES.define(|numbers| {
        let squares = numbers.each(from_fn(SQUARE, |_, n: u64| async move { Ok(n * n) }));
        squares.then(from_fn(SUM, |_, all: Vec<u64>| async move { Ok(all.iter().sum()) }))
    });
    let engine = fixture.serve(definition).await;

    let none = engine.submit(SUM_OF_SQUARES, Vec::new()).await.unwrap();
    let some = engine.submit(SUM_OF_SQUARES, vec![1, 2, 3]).await.unwrap();

    assert_eq!((none.result().await.unwrap(), some.result().await.unwrap()), (0, 14));
    finish(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workflow_without_steps_gives_back_its_input() {
    const ECHO: Workflow<String, String> = Workflow::new("echo");
    let fixture = Fixture::new();
    let engine = fixture.serve(ECHO.define(|text| text)).await;

    let run = engine.submit(ECHO, "as it was".to_owned()).await.unwrap();

    assert_eq!(run.result().await.unwrap(), "as it was");
    finish(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn racing_submissions_with_one_key_are_one_run() {
    let (count, counted) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let counting = Arc::clone(&count);
    let fixture = Fixture::new();
    let engine = fixture
        .serve(one_step(move |_, n| {
            counting.fetch_add(1, SeqCst);
            async move { Ok(n) }
        }))
        .await;

    let submissions = (0..50).map(|_| engine.submit(ONE_STEP, 7).key("seven").into_future());
    let runs = futures::future::join_all(submissions).await;
    for run in runs {
        run.unwrap().result().await.unwrap();
        counted.fetch_add(1, SeqCst);
    }

    assert_eq!((counted.load(SeqCst), count.load(SeqCst)), (50, 1));
    finish(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_with_another_input_is_refused_and_names_the_run() {
    let fixture = Fixture::new();
    let engine = fixture.serve(one_step(|_, n| async move { Ok(n) })).await;
    let first = engine.submit(ONE_STEP, 7).key("seven").await.unwrap();

    let other = engine.submit(ONE_STEP, 8).key("seven").await;

    assert!(matches!(other, Err(SubmitError::KeyReused { run, .. }) if run == first.id()));
    finish(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_attached_to_by_its_id_also_after_a_restart() {
    let fixture = Fixture::new();
    let engine = fixture.serve(one_step(|_, n| async move { Ok(n + 1) })).await;
    let id = engine.submit(ONE_STEP, 7).await.unwrap().id();
    engine.attach(ONE_STEP, id).await.unwrap().result().await.unwrap();
    finish(engine).await;

    let again = fixture.serve(one_step(|_, n| async move { Ok(n + 1) })).await;

    assert_eq!(again.attach(ONE_STEP, id).await.unwrap().result().await.unwrap(), 8);
    let unknown = again.attach(ONE_STEP, RunId::new()).await;
    assert!(matches!(unknown, Err(RunError::Unknown(_))));
    finish(again).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn progress_is_told_until_the_end() {
    let (go_on, told) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (wait, tell) = (Arc::clone(&go_on), Arc::clone(&told));
    let fixture = Fixture::new();
    let engine = fixture
        .serve(one_step(move |attempt, n| {
            let (wait, tell) = (Arc::clone(&wait), Arc::clone(&tell));
            async move {
                attempt.progress(0.5, "half way");
                tell.notify_one();
                wait.notified().await;
                Ok(n)
            }
        }))
        .await;
    let run = engine.submit(ONE_STEP, 1).await.unwrap();
    told.notified().await;

    let progress = run.progress();
    pin_mut!(progress);
    let half = progress.next().await.unwrap().unwrap();
    go_on.notify_one();
    let last = progress.map(Result::unwrap).collect::<Vec<_>>().await.pop().unwrap();

    assert_eq!((half.tasks[0].fraction, half.tasks[0].message.as_str()), (0.5, "half way"));
    assert_eq!((half.tasks[0].state, half.tasks[0].attempt), (TaskState::Leased, 1));
    assert_eq!((last.status, last.tasks[0].state), (Status::Ready, TaskState::Ready));
    finish(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_stops_the_step_that_runs_and_drops_the_rest() {
    const TWO: Workflow<u32, u32> = Workflow::new("two-steps");
    let stopped = Arc::new(Notify::new());
    let stopping = Arc::clone(&stopped);
    let waits = from_fn(Name::new("waits"), move |attempt: Attempt, _: u32| {
        let stopping = Arc::clone(&stopping);
        async move {
            attempt.progress(0.1, "waiting");
            attempt.cancelled().await;
            stopping.notify_one();
            Ok::<u32, StepError>(0)
        }
    });
    let fixture = Fixture::new();
    let never = from_fn(ONLY, |_, _: u32| async move { panic!("it must not begin") });
    let engine = fixture.serve(TWO.define(|n| n.then(waits).then(never))).await;
    let run = engine.submit(TWO, 1).await.unwrap();
    until("the step runs", || async { run.status().await.unwrap().tasks[0].fraction > 0.0 }).await;

    assert_eq!(run.cancel().await.unwrap(), Status::Cancelled);

    stopped.notified().await;
    assert!(matches!(run.result().await, Err(RunError::Cancelled)));
    let states: Vec<_> = run.status().await.unwrap().tasks.iter().map(|task| task.state).collect();
    assert_eq!(states, [TaskState::Cancelled, TaskState::Cancelled]);
    finish(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_attempt_gets_what_the_last_one_kept() {
    let fixture = Fixture::new();
    let engine = fixture
        .serve(one_step(|attempt, _| async move {
            let before = attempt.resume::<u32>()?.unwrap_or(0);
            attempt.checkpoint(&(before + 10))?;
            if attempt.number() < 3 { Err("again".into()) } else { Ok(before) }
        }))
        .await;

    let run = engine.submit(ONE_STEP, 0).await.unwrap();

    assert_eq!(run.result().await.unwrap(), 20);
    finish(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_idempotency_key_is_the_same_at_each_attempt_and_artifacts_never_meet() {
    let (keys, seen) = (Arc::new(std::sync::Mutex::new(Vec::new())), Arc::new(AtomicUsize::new(0)));
    let (noted, count) = (Arc::clone(&keys), Arc::clone(&seen));
    let fixture = Fixture::new();
    let engine = fixture
        .serve(one_step(move |attempt, n| {
            let (noted, count) = (Arc::clone(&noted), Arc::clone(&count));
            async move {
                let artifact = attempt.put("out", format!("attempt {}", attempt.number())).await?;
                noted.lock().unwrap().push((attempt.idempotency_key().to_owned(), artifact.key));
                if count.fetch_add(1, SeqCst) == 0 { Err("again".into()) } else { Ok(n) }
            }
        }))
        .await;

    engine.submit(ONE_STEP, 1).await.unwrap().result().await.unwrap();

    let keys = keys.lock().unwrap().clone();
    assert_eq!(keys.len(), 2);
    assert_eq!(keys[0].0, keys[1].0);
    assert_ne!(keys[0].1, keys[1].1);
    finish(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_runs_no_more_attempts_than_it_has_slots() {
    let (at_once, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (running, highest) = (Arc::clone(&at_once), Arc::clone(&most));
    let definition = one_step(move |_, n| {
        let (running, highest) = (Arc::clone(&running), Arc::clone(&highest));
        async move {
            highest.fetch_max(running.fetch_add(1, SeqCst) + 1, SeqCst);
            tokio::time::sleep(Duration::from_millis(5)).await;
            running.fetch_sub(1, SeqCst);
            Ok(n)
        }
    });
    let fixture = Fixture::new();
    let engine = fixture.builder().await.slots(8).slots_of(ONLY, 2).serve(definition).start().await.unwrap();

    let submissions = (0..40).map(|n| engine.submit(ONE_STEP, n).into_future());
    for run in futures::future::join_all(submissions).await {
        run.unwrap().result().await.unwrap();
    }

    assert_eq!(most.load(SeqCst), 2);
    finish(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn layers_wrap_every_step() {
    let fixture = Fixture::new();
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let count = tower::util::MapRequestLayer::new(move |call: stagemark::StepCall| {
        counted.fetch_add(1, SeqCst);
        call
    });
    let definition = SUM_OF_SQUARES.define(|numbers| {
        let squares = numbers.each(from_fn(SQUARE, |_, n: u64| async move { Ok(n * n) }).backoff(AT_ONCE));
        squares.then(from_fn(SUM, |_, all: Vec<u64>| async move { Ok(all.iter().sum()) }))
    });
    let engine = fixture.builder().await.layer(count).serve(definition).start().await.unwrap();

    engine.submit(SUM_OF_SQUARES, vec![1, 2, 3]).await.unwrap().result().await.unwrap();

    assert_eq!(calls.load(SeqCst), 4);
    finish(engine).await;
}
