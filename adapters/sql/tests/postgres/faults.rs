//! A server that goes away, stands still, or turns the store away. Each case harms a server of its own.

use std::{
    error::Error as _,
    time::{Duration, Instant},
};

use stagemark::{
    RunId,
    ports::{Outcome, Store, StoreError, StoreErrorKind, Write},
};
use stagemark_services::{Postgres, Shutdown};
use stagemark_sql::{OpenOptions, SqlStore};

use crate::writes::{done, held, queued, read, ready};

fn impatient() -> OpenOptions {
    let short = Duration::from_secs(1);
    SqlStore::options().connections(2).acquire_timeout(short).answer_timeout(short)
}

/// All that an error says.
pub(crate) fn chain(error: &StoreError) -> String {
    let mut text = format!("{error} {error:?}");
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

/// Writes until it is accepted, as the engine does.
async fn insist(store: &SqlStore, write: &Write) -> Outcome {
    loop {
        match store.write(std::slice::from_ref(write)).await {
            Ok(mut outcomes) => return outcomes.remove(0),
            Err(error) => assert_eq!(error.kind, StoreErrorKind::Unreachable, "{error:?}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_was_accepted_is_lost_when_the_server_dies_in_mid_batch() {
    let server = Postgres::temporary().unwrap();
    let store = impatient().open(&server.url()).await.unwrap();
    let writer = store.clone();
    let writing = tokio::spawn(async move {
        let mut accepted = Vec::new();
        loop {
            let batch: Vec<Write> = (0..200).map(|_| Write::Submit(queued(RunId::new()))).collect();
            match writer.write(&batch).await {
                Ok(outcomes) => assert!(outcomes.iter().all(|outcome| *outcome == Outcome::Accepted)),
                Err(error) => return (accepted, batch, error),
            }
            accepted.extend(batch.iter().map(run_of));
        }
    });
    tokio::time::sleep(Duration::from_millis(300)).await;

    server.restart_by(Shutdown::Immediate).unwrap();
    let (accepted, last, error) = writing.await.unwrap();

    assert_eq!(error.kind, StoreErrorKind::Unreachable, "{error:?}");
    assert_eq!(insist(&store, &Write::Submit(queued(RunId::new()))).await, Outcome::Accepted);
    assert!(!accepted.is_empty(), "the server died before anything was written");
    assert_eq!(store.load(&accepted).await.unwrap().len(), accepted.len());
    let last: Vec<RunId> = last.iter().map(run_of).collect();
    let left = store.load(&last).await.unwrap().len();
    assert!(left == 0 || left == last.len(), "{left} of {} runs of a batch are there", last.len());
}

fn run_of(write: &Write) -> RunId {
    match write {
        Write::Submit(run) => run.id,
        Write::Change(change) => change.run,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stands_still_is_not_waited_for_longer_than_asked() {
    let server = Postgres::temporary().unwrap();
    let store = impatient().open(&server.url()).await.unwrap();
    let run = RunId::new();
    store.write(&[Write::Submit(held(run))]).await.unwrap();

    server.pause().unwrap();
    let begun = Instant::now();
    // More often than there are connections: one that was given up gives its place to the next.
    for _ in 0..4 {
        let error = store.write(&[done(run, 1)]).await.unwrap_err();
        assert_eq!(error.kind, StoreErrorKind::Unreachable, "{error:?}");
    }
    let waited = begun.elapsed();
    server.resume();

    assert!(waited < Duration::from_secs(12), "{waited:?}");
    // What was given up may have been written all the same, but once.
    insist(&store, &done(run, 1)).await;
    insist(&store, &ready(run, 2)).await;
    assert_eq!(read(&store, run).await.markers.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_others_use_up_are_waited_for_and_then_told() {
    let server = Postgres::temporary().unwrap();
    let store = impatient().connections(1).open(&server.url()).await.unwrap();
    let hoarder = sea_orm::Database::connect(server.url()).await.unwrap();
    let transaction = sea_orm::TransactionTrait::begin(&hoarder).await.unwrap();
    let lock = "LOCK TABLE stagemark_workflow IN ACCESS EXCLUSIVE MODE";
    sea_orm::ConnectionTrait::execute_unprepared(&transaction, lock).await.unwrap();

    let runs = [RunId::new()];
    let (one, two) = tokio::join!(store.graph("w", 1, None), store.load(&runs));
    let errors: Vec<_> = [one.err(), two.err()].into_iter().flatten().map(|error| error.kind).collect();
    transaction.rollback().await.unwrap();

    assert!(!errors.is_empty() && errors.iter().all(|kind| *kind == StoreErrorKind::Unreachable), "{errors:?}");
    assert_eq!(store.graph("w", 1, None).await.unwrap(), None);
}

#[tokio::test]
async fn a_wrong_password_is_told_and_not_shown() {
    let server = Postgres::temporary().unwrap();
    let wrong = server.url().replacen(server.place().secret().reveal(), "Wr0ngSecret", 1);

    let error = SqlStore::open(&wrong).await.unwrap_err();

    assert_eq!(error.kind, StoreErrorKind::Denied, "{error:?}");
    let text = chain(&error);
    assert!(text.contains("check the name, the password") && !text.contains("Wr0ngSecret"), "{text}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told() {
    let error = impatient().open("postgres://stagemark:S3cret@127.0.0.1:1/stagemark").await.unwrap_err();

    assert_eq!(error.kind, StoreErrorKind::Unreachable, "{error:?}");
    assert!(!chain(&error).contains("S3cret"), "{error:?}");
}
