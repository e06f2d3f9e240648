//! Users' rows in the transactions of the store: there with the marker or the run, or not at all.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    time::Duration,
};

use sea_orm::{ConnectionTrait, Database, DatabaseConnection, Statement, TransactionTrait};
use stagemark::{
    Engine, Name, Permanent, Step, Workflow, from_fn,
    ports::{Filter, Store},
};
use stagemark_sql::{InTransaction, SqlStore, SubmitIn};

use crate::{fixture, writes::NOW};

const BOOK: Workflow<i32, i32> = Workflow::new("book");
const WRITE: Name = Name::new("write");
const INSERT: &str = "INSERT INTO entry (number) VALUES (1)";

/// A store, and another way into its database, where the user's table lies.
struct Shop {
    store: SqlStore,
    database: DatabaseConnection,
    _folder: Box<dyn std::any::Any>,
}

impl Shop {
    async fn open() -> Self {
        let (url, folder) = fixture::address().await;
        let store = SqlStore::open(&url).await.unwrap();
        let database = Database::connect(&url).await.unwrap();
        database.execute_unprepared("CREATE TABLE entry (number INTEGER)").await.unwrap();
        Self { store, database, _folder: Box::new(folder) }
    }

    async fn entries(&self) -> i64 {
        let count = Statement::from_string(self.database.get_database_backend(), "SELECT count(*) FROM entry");
        self.database.query_one_raw(count).await.unwrap().unwrap().try_get_by_index(0).unwrap()
    }

    async fn runs(&self) -> usize {
        self.store.list(&Filter { ended: true, now: NOW, limit: 10 }).await.unwrap().len()
    }

    /// An engine whose step writes an entry beside its marker, and fails after it the first so many times.
    async fn engine(&self, failures: u32) -> Engine {
        let tries = Arc::new(AtomicU32::new(0));
        let write = from_fn(WRITE, move |attempt, n: i32| {
            let tries = Arc::clone(&tries);
            async move {
                attempt.transaction(move |transaction| {
                    let fails = tries.fetch_add(1, Relaxed) < failures;
                    Box::pin(async move {
                        transaction.execute_unprepared(INSERT).await?;
                        if fails { Err("the shelf is full".into()) } else { Ok(()) }
                    })
                });
                Ok(n)
            }
        });
        self.start(BOOK.define(|n| n.then(write.attempts(3)))).await
    }

    async fn start(&self, book: stagemark::Definition) -> Engine {
        Engine::builder(self.store.clone()).serve(book).start().await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_is_done_with_its_rows() {
    let shop = Shop::open().await;
    let engine = shop.engine(0).await;

    let result = engine.submit(BOOK, 7).await.unwrap().result().await.unwrap();

    assert_eq!((result, shop.entries().await), (7, 1));
    engine.shutdown(Duration::ZERO).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_an_attempt_that_failed_beside_its_marker_are_gone() {
    let shop = Shop::open().await;
    let engine = shop.engine(2).await;

    let result = engine.submit(BOOK, 7).await.unwrap().result().await.unwrap();

    assert_eq!((result, shop.entries().await), (7, 1));
    engine.shutdown(Duration::ZERO).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_written_beside_a_marker_fails_the_run() {
    let shop = Shop::open().await;
    let write = from_fn(WRITE, |attempt, n: i32| async move {
        attempt.transaction(|transaction| {
            Box::pin(async move {
                transaction.execute_unprepared(INSERT).await?;
                transaction.execute_unprepared("INSERT INTO no_such_table VALUES (1)").await.permanent()?;
                Ok(())
            })
        });
        Ok(n)
    });
    let engine = shop.start(BOOK.define(|n| n.then(write))).await;

    let failed = engine.submit(BOOK, 7).await.unwrap().result().await.unwrap_err();

    assert!(format!("{failed:?}").contains("no_such_table"), "{failed:?}");
    assert_eq!(shop.entries().await, 0);
    engine.shutdown(Duration::ZERO).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_submitted_with_its_callers_rows() {
    let shop = Shop::open().await;
    let engine = shop.start(BOOK.define(|n| n)).await;
    let transaction = shop.database.begin().await.unwrap();
    transaction.execute_unprepared(INSERT).await.unwrap();

    let run = engine.submit(BOOK, 7).submit_in(&transaction).await.unwrap();
    transaction.commit().await.unwrap();
    run.wake();

    assert_eq!((run.result().await.unwrap(), shop.entries().await), (7, 1));
    engine.shutdown(Duration::ZERO).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_is_rolled_back_submits_nothing() {
    let shop = Shop::open().await;
    let engine = shop.start(BOOK.define(|n| n)).await;
    let transaction = shop.database.begin().await.unwrap();
    transaction.execute_unprepared(INSERT).await.unwrap();

    let run = engine.submit(BOOK, 7).submit_in(&transaction).await.unwrap();
    transaction.rollback().await.unwrap();

    assert_eq!((shop.runs().await, shop.entries().await), (0, 0), "{}", run.id());
    engine.shutdown(Duration::ZERO).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_used_before_gives_its_run_in_a_transaction_too() {
    let shop = Shop::open().await;
    let engine = shop.start(BOOK.define(|n| n)).await;
    let first = engine.submit(BOOK, 7).key("seven").await.unwrap();

    let transaction = shop.database.begin().await.unwrap();
    let again = engine.submit(BOOK, 7).key("seven").submit_in(&transaction).await.unwrap();
    transaction.commit().await.unwrap();

    assert_eq!((again.id(), shop.runs().await), (first.id(), 1));
    engine.shutdown(Duration::ZERO).await;
}
