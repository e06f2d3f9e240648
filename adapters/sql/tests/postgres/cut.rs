//! A connection that is cut in the middle of a transaction of a step.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    time::Duration,
};

use sea_orm::{ConnectionTrait, Database, Statement};
use stagemark::{Engine, Name, Workflow, from_fn};
use stagemark_sql::{InTransaction, SqlStore};

use crate::fixture;

const BOOK: Workflow<i32, i32> = Workflow::new("book");
const WRITE: Name = Name::new("write");

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_a_transaction_that_was_cut_are_there_once() {
    let url = fixture::schema().await;
    let database = Database::connect(&url).await.unwrap();
    database.execute_unprepared("CREATE TABLE entry (number INTEGER)").await.unwrap();
    let tries = Arc::new(AtomicU32::new(0));
    let seen = Arc::clone(&tries);
    let write = from_fn(WRITE, move |attempt, n: i32| {
        let tries = Arc::clone(&tries);
        async move {
            attempt.transaction(move |transaction| {
                let first = tries.fetch_add(1, Relaxed) == 0;
                Box::pin(async move {
                    transaction.execute_unprepared("INSERT INTO entry VALUES (1)").await?;
                    if first {
                        transaction.execute_unprepared("SELECT pg_terminate_backend(pg_backend_pid())").await?;
                    }
                    Ok(())
                })
            });
            Ok(n)
        }
    });
    let store = SqlStore::open(&url).await.unwrap();
    let engine = Engine::builder(store).serve(BOOK.define(|n| n.then(write))).start().await.unwrap();

    let result = engine.submit(BOOK, 7).await.unwrap().result().await.unwrap();

    let count = Statement::from_string(database.get_database_backend(), "SELECT count(*) FROM entry");
    let entries: i64 = database.query_one_raw(count).await.unwrap().unwrap().try_get_by_index(0).unwrap();
    assert_eq!((result, entries), (7, 1));
    assert!(seen.load(Relaxed) > 1, "the first transaction was cut");
    engine.shutdown(Duration::ZERO).await;
}
