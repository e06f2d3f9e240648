//! Another process has the file's lock.

use std::time::Duration;

use stagemark::{
    RunId,
    ports::{Outcome, Store, StoreErrorKind, Write},
};
use stagemark_sql::SqlStore;

use crate::{fixture::Database, writes::held};

#[tokio::test]
async fn a_write_waits_for_the_lock_and_then_says_that_it_is_held() {
    let database = Database::new();
    let store = SqlStore::options().busy_timeout(Duration::from_millis(50)).open(&database.url()).await.unwrap();
    let other = rusqlite::Connection::open(database.file()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let alone = [Write::Submit(held(RunId::new()))];
    let several = [Write::Submit(held(RunId::new())), Write::Submit(held(RunId::new()))];

    let one = store.write(&alone).await.unwrap_err();
    let two = store.write(&several).await.unwrap_err();
    other.execute_batch("ROLLBACK").unwrap();

    assert_eq!((one.kind, two.kind), (StoreErrorKind::Locked, StoreErrorKind::Locked));
    assert_eq!(store.write(&alone).await.unwrap(), [Outcome::Accepted]);
    assert_eq!(store.write(&several).await.unwrap(), [Outcome::Accepted, Outcome::Accepted]);
}

#[tokio::test]
async fn a_write_goes_on_when_the_lock_is_given_back_in_time() {
    let database = Database::new();
    let store = database.open().await;
    let other = rusqlite::Connection::open(database.file()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();

    let write = tokio::spawn(async move { store.write(&[Write::Submit(held(RunId::new()))]).await });
    tokio::task::yield_now().await;
    other.execute_batch("COMMIT").unwrap();

    assert_eq!(write.await.unwrap().unwrap(), [Outcome::Accepted]);
}

#[tokio::test]
async fn a_locked_database_can_be_read() {
    let database = Database::new();
    let store = database.open().await;
    let run = RunId::new();
    store.write(&[Write::Submit(held(run))]).await.unwrap();
    let other = rusqlite::Connection::open(database.file()).unwrap();

    other.execute_batch("BEGIN IMMEDIATE").unwrap();

    assert_eq!(store.load(&[run]).await.unwrap().len(), 1);
}

#[tokio::test]
async fn opening_a_locked_database_says_that_it_is_locked() {
    let database = Database::new();
    drop(database.open().await);
    let other = rusqlite::Connection::open(database.file()).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();

    let error = SqlStore::options().busy_timeout(Duration::from_millis(50)).open(&database.url()).await.unwrap_err();

    assert_eq!(error.kind, StoreErrorKind::Locked, "{error:?}");
}

#[tokio::test]
async fn opening_does_not_wait_for_ever_for_another_opener() {
    let database = Database::new();
    let other = std::fs::File::create(database.file().with_extension("db.lock")).unwrap();
    other.lock().unwrap();

    let error = SqlStore::options().busy_timeout(Duration::from_millis(50)).open(&database.url()).await.unwrap_err();

    assert_eq!(error.kind, StoreErrorKind::Locked, "{error:?}");
    drop(other);
    database.open().await;
}
