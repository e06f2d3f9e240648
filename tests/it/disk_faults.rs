//! A disk that fills up, and a database that is locked or may not be written.

use std::{path::Path, process::Command, time::Duration};

use stagemark::{
    Engine, StartError, SubmitError,
    ports::{StoreError, StoreErrorKind},
};
use stagemark_sql::SqlStore;

use crate::fixture::{Fixture, ONE_STEP, finish, one_step};

/// A file system of a few megabytes, where this process may mount one.
struct SmallDisk {
    folder: tempfile::TempDir,
}

impl SmallDisk {
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=3m", "tmpfs"]).arg(folder.path()).output();
        mounted.is_ok_and(|output| output.status.success()).then_some(Self { folder })
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Fills what is left of it.
    fn fill(&self) {
        let piece = vec![0_u8; 4096];
        let mut file = std::fs::File::create(self.path().join("filler")).unwrap();
        while std::io::Write::write_all(&mut file, &piece).is_ok() {}
    }

    fn make_room(&self) {
        std::fs::remove_file(self.path().join("filler")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Left mounted, it goes with the machine's memory; the test has said its word by now.
        let _left = Command::new("umount").arg(self.path()).status();
    }
}

fn kind(error: &SubmitError) -> Option<StoreErrorKind> {
    match error {
        SubmitError::Store(error) => Some(error.kind),
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_said_clearly_and_the_work_goes_on_when_there_is_room() {
    let Some(disk) = SmallDisk::mount() else {
        eprintln!("skipped: mounting a small file system needs root");
        return;
    };
    let fixture = Fixture::new();
    let (begun, go_on) =
        (std::sync::Arc::new(tokio::sync::Notify::new()), std::sync::Arc::new(tokio::sync::Notify::new()));
    let (beginning, wait) = (begun.clone(), go_on.clone());
    let url = format!("sqlite://{}", disk.path().join("stagemark.db").display());
    let store = SqlStore::open(&url).await.unwrap();
    let step = one_step(move |_, n| {
        let (beginning, wait) = (beginning.clone(), wait.clone());
        async move {
            beginning.notify_one();
            wait.notified().await;
            Ok(n)
        }
    });
    let builder = Engine::builder(store).scratch(fixture.path()).lease(Duration::from_mins(1));
    let engine = builder.serve(step).start().await.unwrap();
    let run = engine.submit(ONE_STEP, 5).await.unwrap();
    begun.notified().await;

    disk.fill();
    let refused = fill_log(&engine).await;
    go_on.notify_one();

    assert_eq!(kind(&refused), Some(StoreErrorKind::Full), "{refused:?}");
    let chain = stagemark::StepError::from(refused).chain().join(": ");
    assert!(chain.contains("the disk is full"), "{chain}");
    disk.make_room();
    assert_eq!(run.result().await.unwrap(), 5);
    assert_eq!(engine.doctor().await.unwrap(), []);
    // Those that were accepted before the disk was full wait to be let go.
    drop(go_on);
    engine.shutdown(Duration::ZERO).await;
}

/// Submits until the store says that there is no room: the log has some left of its own.
async fn fill_log(engine: &Engine) -> SubmitError {
    loop {
        if let Err(error) = engine.submit(ONE_STEP, 1).await {
            return error;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_database_is_said_clearly_and_the_work_goes_on_when_it_is_free() {
    let fixture = Fixture::new();
    let store = SqlStore::options().busy_timeout(Duration::from_millis(100)).open(&fixture.url()).await.unwrap();
    let builder = Engine::builder(store).scratch(fixture.path().join("scratch")).lease(Duration::from_mins(1));
    let engine = builder.serve(one_step(|_, n| async move { Ok(n) })).start().await.unwrap();
    let other = rusqlite::Connection::open(fixture.path().join("stagemark.db")).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();

    let refused = engine.submit(ONE_STEP, 1).await.unwrap_err();
    other.execute_batch("COMMIT").unwrap();

    assert_eq!(kind(&refused), Some(StoreErrorKind::Locked), "{refused:?}");
    let run = engine.submit(ONE_STEP, 2).await.unwrap();
    assert_eq!(run.result().await.unwrap(), 2);
    finish(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_under_way_waits_for_a_locked_database_and_ends_ready() {
    let fixture = Fixture::new();
    let store = SqlStore::options().busy_timeout(Duration::from_millis(50)).open(&fixture.url()).await.unwrap();
    let builder = Engine::builder(store).scratch(fixture.path().join("scratch")).lease(Duration::from_mins(1));
    let go_on = std::sync::Arc::new(tokio::sync::Notify::new());
    let wait = go_on.clone();
    let step = one_step(move |_, n| {
        let wait = wait.clone();
        async move {
            wait.notified().await;
            Ok(n)
        }
    });
    let engine = builder.serve(step).start().await.unwrap();
    let run = engine.submit(ONE_STEP, 3).await.unwrap();
    let other = rusqlite::Connection::open(fixture.path().join("stagemark.db")).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();

    go_on.notify_one();
    // The commit of the step fails at least once while a submission is refused twice.
    assert!(engine.submit(ONE_STEP, 1).await.is_err());
    assert!(engine.submit(ONE_STEP, 1).await.is_err());
    other.execute_batch("COMMIT").unwrap();

    assert_eq!(run.result().await.unwrap(), 3);
    assert_eq!(run.status().await.unwrap().tasks[0].attempt, 1);
    finish(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_may_not_be_written_is_said_clearly() {
    let fixture = Fixture::new();
    finish(fixture.serve(one_step(|_, n| async move { Ok(n) })).await).await;

    let url = format!("{}?mode=ro", fixture.url());
    let refused: StoreError = match SqlStore::open(&url).await {
        Err(error) => error,
        Ok(store) => match Engine::builder(store).scratch(fixture.path()).start().await.unwrap_err() {
            StartError::Store(error) => error,
            other => panic!("{other}"),
        },
    };

    assert_eq!(refused.kind, StoreErrorKind::ReadOnly, "{refused:?}");
    assert!(refused.to_string().contains("read-only"), "{refused}");
}
