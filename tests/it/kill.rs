//! Workers that are killed, and a step that takes its process down.

use std::{path::Path, process::Stdio, time::Duration};

use rand::Rng;
use stagemark::{RunError, Status};
use stagemark_sql::SqlStore;
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time::timeout,
};

use crate::{
    all_kinds::{ALL_KINDS, PART_BYTES, all_kinds, byte_of},
    fixture::{Fixture, ONE_STEP, finish, one_step},
};

const KILLS: usize = 50;
const RUNS: u32 = 240;

/// A worker process; killed when dropped.
pub(crate) struct Worker {
    child: Child,
    said: Lines<BufReader<ChildStdout>>,
}

impl Worker {
    pub(crate) fn start(folder: &Path, runs: u32) -> Self {
        Self::doing(folder, &runs.to_string())
    }

    /// One whose run is a single pass.
    pub(crate) fn fusing(folder: &Path) -> Self {
        Self::doing(folder, "fused")
    }

    /// One that encodes a film in segments.
    pub(crate) fn encoding(folder: &Path) -> Self {
        Self::doing(folder, "film")
    }

    fn doing(folder: &Path, what: &str) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_it-worker"))
            .arg(folder)
            .arg(what)
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let said = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, said }
    }

    pub(crate) async fn says(&mut self) -> Option<String> {
        timeout(Duration::from_mins(2), self.said.next_line()).await.expect("the worker says something").unwrap()
    }

    /// Kills it, as `kill -9` does, at a moment of its own after so long; tells whether it was still at work.
    async fn kill_after(mut self, wait: Duration) -> bool {
        let at_work = timeout(wait, self.child.wait()).await.is_err();
        self.child.kill().await.unwrap();
        at_work
    }

    /// Kills it, as `kill -9` does.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Waits until all of its runs have ended and nothing is stuck.
    pub(crate) async fn finish(mut self) {
        assert_eq!(self.says().await.as_deref(), Some("submitted"));
        assert_eq!(self.says().await.as_deref(), Some("done 0"));
        assert!(self.child.wait().await.unwrap().success());
    }
}

/// Makes the database itself count how often each marker is committed as done.
pub(crate) async fn count_commits(fixture: &Fixture) {
    drop(SqlStore::open(&fixture.url()).await.unwrap());
    let database = rusqlite::Connection::open(fixture.path().join("stagemark.db")).unwrap();
    let counts = "CREATE TABLE done (run BLOB, node INTEGER, item INTEGER);
        CREATE TRIGGER inserted AFTER INSERT ON stagemark_marker WHEN NEW.phase = 2
            BEGIN INSERT INTO done VALUES (NEW.run, NEW.node, NEW.item); END;
        CREATE TRIGGER updated AFTER UPDATE ON stagemark_marker WHEN NEW.phase = 2
            BEGIN INSERT INTO done VALUES (NEW.run, NEW.node, NEW.item); END;";
    database.execute_batch(counts).unwrap();
}

/// Whether a file is what a worker writes for a part.
pub(crate) fn is_whole(part: u32, bytes: &[u8]) -> bool {
    bytes.len() == PART_BYTES && bytes.iter().all(|byte| *byte == byte_of(part))
}

/// What is in the scratch folder, but for the lock that stays.
pub(crate) fn left_in_scratch(fixture: &Fixture) -> Vec<String> {
    let left = std::fs::read_dir(fixture.path().join("scratch")).unwrap();
    let left = left.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    left.filter(|name| name != "gate.lock").collect()
}

/// Every run is ready, each marker was committed once, and each artifact that one names is whole.
pub(crate) async fn assert_all_whole(fixture: &Fixture, runs: u32) {
    let engine = fixture.serve(all_kinds()).await;
    for n in 0..runs {
        let run = engine.submit(ALL_KINDS, n % 4).key(format!("run-{n}")).await.unwrap();
        assert_eq!(run.status().await.unwrap().status, Status::Ready);
        let made = run.result().await.unwrap();
        assert_eq!((made.parts.len(), made.counted, made.shaky), ((n % 4) as usize, 10, 11));
        for (part, artifact) in (0..).zip(&made.parts) {
            let file = fixture.path().join("out.bin");
            engine.export(artifact, &file).await.unwrap();
            assert!(is_whole(part, &std::fs::read(file).unwrap()), "{} is not whole", artifact.key);
        }
    }
    finish(engine).await;
    assert_eq!(left_in_scratch(fixture), [] as [String; 0], "what killed workers left is removed");

    let database = rusqlite::Connection::open(fixture.path().join("stagemark.db")).unwrap();
    let count = |query: &str| database.query_row(query, [], |row| row.get::<_, u32>(0)).unwrap();
    // Four steps and the items, of which every four runs have 0 + 1 + 2 + 3.
    assert_eq!(count("SELECT count(*) FROM done"), runs * 4 + runs / 4 * 6);
    let twice = "SELECT count(*) FROM (SELECT 1 FROM done GROUP BY run, node, item HAVING count(*) > 1)";
    assert_eq!(count(twice), 0, "no marker was committed twice");
    assert_eq!(count("SELECT count(*) FROM stagemark_run"), runs, "each key is one run");
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_kills_lose_nothing_and_do_nothing_twice() {
    let fixture = Fixture::new();
    count_commits(&fixture).await;

    let mut at_work = 0;
    for _ in 0..KILLS {
        // Longer than the lease now and then, so that what the last one held is taken over and killed again.
        let wait = Duration::from_millis(rand::rng().random_range(30..1_600));
        at_work += usize::from(Worker::start(fixture.path(), RUNS).kill_after(wait).await);
    }
    Worker::start(fixture.path(), RUNS).finish().await;

    assert!(at_work >= KILLS / 2, "only {at_work} of {KILLS} kills met a worker at work");
    assert_all_whole(&fixture, RUNS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_takes_its_process_down_fails_after_its_last_attempt() {
    let fixture = Fixture::new();
    let mut deaths = 0;
    while !Command::new(env!("CARGO_BIN_EXE_it-worker"))
        .arg(fixture.path())
        .arg("deadly")
        .status()
        .await
        .unwrap()
        .success()
    {
        deaths += 1;
        assert!(deaths < 10, "the step kills its worker for ever");
    }

    let engine = fixture.serve(one_step(|_, _| async move { panic!("it has failed for good") })).await;

    let run = engine.submit(ONE_STEP, 1).key("deadly").await.unwrap();
    let Err(RunError::Failed(failed)) = run.result().await else { panic!("it did not fail") };
    assert_eq!((deaths, failed.attempt), (3, 3));
    assert!(failed.chain[0].contains("its process died"), "{failed}");
    finish(engine).await;
}
