//! Rows that no version of the store has written.

use stagemark::{
    RunId,
    ports::{Store, StoreErrorKind, Write},
};

use crate::{
    fixture::Database,
    writes::{done, held},
};

/// Stores a run with a marker, sets something odd in a table, and reads the run.
async fn read_with(table: &str, odd: &str) -> Option<StoreErrorKind> {
    let database = Database::new();
    let store = database.open().await;
    let run = RunId::new();
    store.write(&[Write::Submit(held(run))]).await.unwrap();
    store.write(&[done(run, 1)]).await.unwrap();
    let other = rusqlite::Connection::open(database.file()).unwrap();
    other.execute_batch(&format!("UPDATE {table} SET {odd}")).unwrap();
    store.load(&[run]).await.err().map(|error| error.kind)
}

#[tokio::test]
async fn an_odd_run_is_an_error() {
    for odd in ["status = 9", "status = 'x'", "version = -1", "revision = -1", "submitted = 'x'", "holder = x'01'"] {
        assert_eq!(read_with("stagemark_run", odd).await, Some(StoreErrorKind::Unreadable), "{odd}");
    }
}

#[tokio::test]
async fn an_odd_marker_is_an_error() {
    for odd in [
        "phase = 9",
        "phase = 0",
        "phase = 1",
        "node = 70000",
        "item = -1",
        "attempt = 'x'",
        "output = x'FF'",
        "pass = 70000",
        "pass = -1",
    ] {
        assert_eq!(read_with("stagemark_marker", odd).await, Some(StoreErrorKind::Unreadable), "{odd}");
    }
}
