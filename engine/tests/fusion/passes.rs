//! One pass: one call, one transaction, and the markers of all its steps.

use std::{sync::atomic::Ordering::SeqCst, time::Duration};

use stagemark::{MemoryArtifacts, MemoryStore, Name, Pass, RunError, Status, TaskState, Workflow};
use tokio_util::sync::CancellationToken;

use crate::{
    numbers::{Desk, Fault, Numbers, Op, SUM, Source, builder, finish, soon, sum, tasks},
    store::Watched,
};

#[tokio::test]
async fn a_group_is_one_call() {
    let desk = Desk::with([]);
    let engine = builder(MemoryStore::new()).serve(sum(&desk)).start().await.unwrap();

    let run = engine.submit(SUM, "20".to_owned()).await.unwrap();

    assert_eq!(run.result().await.unwrap(), 42);
    assert_eq!(desk.calls(), ["read+add+times"]);
    finish(engine).await;
}

#[tokio::test]
async fn every_step_of_a_pass_has_its_marker() {
    let desk = Desk::with([]);
    let engine = builder(MemoryStore::new()).serve(sum(&desk)).start().await.unwrap();

    let run = engine.submit(SUM, "20".to_owned()).await.unwrap();
    run.result().await.unwrap();

    let tasks = tasks(&run).await;
    let seen: Vec<_> = tasks.iter().map(|task| (task.step.as_str(), task.state, task.attempt, task.pass)).collect();
    let ready = |step| (step, TaskState::Ready, 1, Some(1));
    assert_eq!(seen, [ready("read"), ready("add"), ready("times")]);
    assert!(tasks.iter().all(|task| task.started.is_some() && task.finished >= task.started));
    let outputs: Vec<_> = tasks.iter().map(|task| task.output.as_deref()).collect();
    assert_eq!(outputs, [None, None, Some("42")], "what passes between the steps of a pass is nowhere");
    finish(engine).await;
}

#[tokio::test]
async fn the_markers_of_a_pass_are_written_by_one_change() {
    let (desk, store) = (Desk::with([]), Watched::default());
    let engine = builder(store.again()).serve(sum(&desk)).start().await.unwrap();

    engine.submit(SUM, "20".to_owned()).await.unwrap().result().await.unwrap();

    assert_eq!(store.done_by_change(), [3]);
    assert_eq!(store.markers_written(), 3, "its lease follows from the holder of the run");
    assert!(engine.commits().commits <= 3, "the submission, the claim and the end");
    finish(engine).await;
}

#[tokio::test]
async fn a_commit_that_fails_leaves_no_marker_of_the_pass() {
    let (desk, store) = (Desk::with([Fault::Held]), Watched::default());
    let way = store.again();
    way.guard.loses_an_end.store(true, SeqCst);
    let engine = builder(way).serve(sum(&desk)).start().await.unwrap();

    let run = engine.submit(SUM, "20".to_owned()).await.unwrap();
    soon(desk.held.notified()).await;
    desk.let_on.notify_one();

    assert_eq!(soon(run.result()).await.unwrap(), 42);
    assert_eq!(store.done_by_change(), [3], "all or none");
    assert_eq!(desk.calls(), ["read+add+times"], "what was made is not made again");
    finish(engine).await;
}

#[tokio::test]
async fn every_step_shows_its_own_share_of_the_progress() {
    struct Slow;
    impl stagemark::Family for Slow {
        const NAME: Name = Name::new("slow");
        type Part = std::sync::Arc<Desk>;
        type Source = i64;
        type Output = i64;

        async fn run(pass: &Pass<Self>, n: i64) -> Result<i64, stagemark::StepError> {
            pass.attempt().progress(0.25, "all of it");
            pass.members()[0].progress(0.75, "ahead");
            pass.members()[0].part().held.notify_one();
            pass.members()[0].part().let_on.notified().await;
            Ok(n)
        }
    }
    #[derive(Clone)]
    struct Wait(std::sync::Arc<Desk>);
    impl stagemark::Step for Wait {
        const NAME: Name = Name::new("wait");
        type Input = i64;
        type Output = i64;

        fn fusible(&self) -> Option<stagemark::Fusible<i64, i64>> {
            Some(stagemark::Fusible::of::<Slow>(std::sync::Arc::clone(&self.0)))
        }

        async fn run(&self, _: &stagemark::Attempt, n: i64) -> Result<i64, stagemark::StepError> {
            Ok(n)
        }
    }
    const WAIT: Workflow<i64, i64> = Workflow::new("wait");
    let desk = Desk::with([]);
    let wait = Wait(std::sync::Arc::clone(&desk));
    let waiting = WAIT.define(|n| n.then(wait.clone()).then(wait.clone()));
    let engine = builder(MemoryStore::new()).serve(waiting).start().await.unwrap();

    let run = engine.submit(WAIT, 7).await.unwrap();
    soon(desk.held.notified()).await;

    let seen = tasks(&run).await.into_iter().map(|task| (task.state, task.pass, task.fraction, task.message));
    let leased = |fraction, message: &str| (TaskState::Leased, Some(1), fraction, message.to_owned());
    assert_eq!(seen.collect::<Vec<_>>(), [leased(0.75, "ahead"), leased(0.25, "all of it")]);
    desk.let_on.notify_one();
    assert_eq!(run.result().await.unwrap(), 7);
    finish(engine).await;
}

#[tokio::test]
async fn cancellation_reaches_a_pass_and_drops_all_of_its_steps() {
    let (desk, store) = (Desk::with([Fault::Held]), Watched::default());
    let engine = builder(store.again()).serve(sum(&desk)).start().await.unwrap();
    let run = engine.submit(SUM, "20".to_owned()).await.unwrap();
    soon(desk.held.notified()).await;

    let status = run.cancel().await.unwrap();
    desk.let_on.notify_one();

    assert_eq!(status, Status::Cancelled);
    assert!(matches!(run.result().await, Err(RunError::Cancelled)));
    engine.shutdown(Duration::from_secs(5)).await;
    assert_eq!(store.done_by_change(), [] as [usize; 0], "nothing of it is written after that");
}

#[tokio::test]
async fn a_family_is_tried_without_an_engine() {
    let (desk, folder) = (Desk::with([]), tempfile::tempdir().unwrap());
    let artifacts = std::sync::Arc::new(MemoryArtifacts::new());
    let attempt = stagemark::Attempt::standalone(artifacts, folder.path().into(), CancellationToken::new());
    let parts = [("add", Op::Add(1)), ("times", Op::Times(2))];

    let pass = Pass::<Numbers>::standalone(
        &attempt,
        parts.map(|(name, op)| (Name::new(name), (op, std::sync::Arc::clone(&desk)))),
    );
    let number = <Numbers as stagemark::Family>::run(&pass, Source::Number(20)).await.unwrap();

    assert_eq!((number, desk.calls()), (42, vec!["add+times".to_owned()]));
    let kept = pass.attempt().put("n.txt", "42").await.unwrap();
    assert!(kept.key.ends_with("/1-1/n.txt"), "{}", kept.key);
}

#[tokio::test]
async fn a_pass_is_counted_for_each_of_its_steps() {
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
    let metrics = recorder.handle();
    let _local = metrics::set_default_local_recorder(&recorder);
    let desk = Desk::with([Fault::Passing]);
    let engine = builder(MemoryStore::new()).serve(sum(&desk)).start().await.unwrap();

    engine.submit(SUM, "20".to_owned()).await.unwrap().result().await.unwrap();

    let page = metrics.render();
    for step in ["read", "add", "times"] {
        for outcome in ["ready", "failed"] {
            let line = format!("stagemark_attempts_total{{step=\"{step}\",outcome=\"{outcome}\"}} 1");
            assert!(page.contains(&line), "{line} is not in\n{page}");
        }
    }
    finish(engine).await;
}
