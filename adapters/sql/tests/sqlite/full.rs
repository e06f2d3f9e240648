//! A disk without room.

use std::{fs, io::Write as _};

use stagemark::{
    RunId,
    ports::{NewRun, Outcome, Store, StoreError, StoreErrorKind, Write},
};
use stagemark_sql::SqlStore;

use crate::{
    mount::Mount,
    writes::{done, held, read},
};

/// A store on a file system of a few megabytes that is filled.
async fn on_a_full_disk() -> Option<(Mount, SqlStore, RunId)> {
    let disk = Mount::small_disk()?;
    let store = SqlStore::open(&format!("sqlite://{}/stagemark.db", disk.path().display())).await.unwrap();
    let run = RunId::new();
    store.write(&[Write::Submit(held(run))]).await.unwrap();
    let mut filler = fs::File::create(disk.path().join("filler")).unwrap();
    while filler.write_all(&[0; 4096]).is_ok() {}
    Some((disk, store, run))
}

fn batch(size: usize) -> Vec<Write> {
    let input = "x".repeat(2000);
    (0..size).map(|_| Write::Submit(NewRun { input: input.clone().into(), ..held(RunId::new()) })).collect()
}

/// Writes until the room that the log has of its own is used up.
async fn refusal(store: &SqlStore, size: usize) -> StoreError {
    loop {
        if let Err(error) = store.write(&batch(size)).await {
            return error;
        }
    }
}

#[tokio::test]
async fn on_a_full_disk_a_single_write_fails_clearly_until_there_is_room() {
    let Some((disk, store, run)) = on_a_full_disk().await else {
        return;
    };

    let (first, second) = (refusal(&store, 1).await, refusal(&store, 1).await);
    fs::remove_file(disk.path().join("filler")).unwrap();

    assert_eq!((first.kind, second.kind), (StoreErrorKind::Full, StoreErrorKind::Full), "{first:?} {second:?}");
    assert_eq!(store.write(&[done(run, 1)]).await.unwrap(), [Outcome::Accepted]);
}

#[tokio::test]
async fn on_a_full_disk_a_batch_fails_clearly_until_there_is_room() {
    let Some((disk, store, _)) = on_a_full_disk().await else {
        return;
    };

    let (first, second) = (refusal(&store, 40).await, refusal(&store, 40).await);
    fs::remove_file(disk.path().join("filler")).unwrap();

    assert_eq!((first.kind, second.kind), (StoreErrorKind::Full, StoreErrorKind::Full), "{first:?} {second:?}");
    let accepted = store.write(&batch(40)).await.unwrap();
    assert!(accepted.iter().all(|outcome| *outcome == Outcome::Accepted));
}

#[tokio::test]
async fn on_a_full_disk_what_is_stored_can_be_read() {
    let Some((_disk, store, run)) = on_a_full_disk().await else {
        return;
    };

    refusal(&store, 1).await;

    assert_eq!(read(&store, run).await.id, run);
}

#[tokio::test]
async fn a_batch_that_found_no_room_left_nothing_behind() {
    let Some((disk, store, _)) = on_a_full_disk().await else {
        return;
    };
    let refused = loop {
        let batch = batch(40);
        if store.write(&batch).await.is_err() {
            break batch;
        }
    };

    fs::remove_file(disk.path().join("filler")).unwrap();

    let ids: Vec<_> = refused.iter().map(id_of).collect();
    assert!(store.load(&ids).await.unwrap().is_empty());
}

fn id_of(write: &Write) -> RunId {
    match write {
        Write::Submit(run) => run.id,
        Write::Change(change) => change.run,
    }
}
