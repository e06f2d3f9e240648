//! Workers that are killed while they do several steps in one pass.

use stagemark::{Engine, Run, Status, TaskStatus};

use crate::{
    fixture::{Fixture, finish},
    kill::{Worker, count_commits},
    passes::{ELEVEN_MORE, eleven_more, holds},
};

/// Kills a worker in mid-pass, so often.
async fn killed(fixture: &Fixture, times: u32) {
    count_commits(fixture).await;
    std::fs::write(holds(fixture.path()), "").unwrap();
    for _ in 0..times {
        let mut worker = Worker::fusing(fixture.path());
        assert_eq!(worker.says().await.as_deref(), Some("in a pass"));
        worker.kill().await;
    }
    std::fs::remove_file(holds(fixture.path())).unwrap();
}

async fn ended(engine: &Engine) -> (Run<u32>, Vec<TaskStatus>) {
    let run = engine.submit(ELEVEN_MORE, 31).key("fused").await.unwrap();
    assert_eq!(run.result().await.unwrap(), 42);
    let status = run.status().await.unwrap();
    assert_eq!(status.status, Status::Ready);
    (run, status.tasks)
}

fn commits_of_markers(fixture: &Fixture) -> Vec<(u32, u32)> {
    let database = rusqlite::Connection::open(fixture.path().join("stagemark.db")).unwrap();
    let mut counts = database.prepare("SELECT node, count(*) FROM done GROUP BY node ORDER BY node").unwrap();
    let rows = counts.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pass_whose_worker_is_killed_is_tried_again_by_another() {
    let fixture = Fixture::new();
    killed(&fixture, 2).await;

    let engine = fixture.serve(eleven_more(fixture.path())).await;
    let (_run, tasks) = ended(&engine).await;

    assert!(tasks.iter().all(|task| (task.attempt, task.pass) == (3, Some(1))), "each kill is an attempt: {tasks:?}");
    assert_eq!(commits_of_markers(&fixture), [(1, 1), (2, 1), (3, 1)]);
    finish(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pass_that_kills_its_worker_is_run_step_by_step_after_its_last_attempt() {
    let fixture = Fixture::new();
    killed(&fixture, 3).await;

    let engine = fixture.serve(eleven_more(fixture.path())).await;
    let (_run, tasks) = ended(&engine).await;

    assert!(tasks.iter().all(|task| (task.attempt, task.pass) == (4, None)), "{tasks:?}");
    assert!(tasks[0].error[0].contains("its process died"), "{tasks:?}");
    assert_eq!(commits_of_markers(&fixture), [(1, 1), (2, 1), (3, 1)]);
    finish(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_does_not_fuse_goes_on_after_a_kill_in_mid_pass() {
    let fixture = Fixture::new();
    killed(&fixture, 1).await;

    let plain = fixture.builder().await.serve(eleven_more(fixture.path())).fusion(false);
    let engine = plain.start().await.unwrap();
    let (_run, tasks) = ended(&engine).await;

    assert!(tasks.iter().all(|task| task.pass.is_none()), "{tasks:?}");
    assert_eq!(tasks[0].attempt, 2, "the kill is an attempt of the step at which the pass began");
    assert_eq!(commits_of_markers(&fixture), [(1, 1), (2, 1), (3, 1)]);
    finish(engine).await;
}
