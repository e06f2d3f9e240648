//! Files of earlier versions, opened by this one.

use stagemark::{
    RunId,
    ports::{Fusion, Store, Write},
};

use crate::{
    fixture::Database,
    writes::{done, held},
};

/// Stores a run with a marker, takes the file back by these statements, and gives how the marker stands to passes.
async fn reopened(statements: &str) -> Fusion {
    let database = Database::new();
    let (store, run) = (database.open().await, RunId::new());
    store.write(&[Write::Submit(held(run))]).await.unwrap();
    store.write(&[done(run, 1)]).await.unwrap();
    drop(store);
    rusqlite::Connection::open(database.file()).unwrap().execute_batch(statements).unwrap();

    let record = database.open().await.load(&[run]).await.unwrap().remove(0);

    record.markers[0].task.fusion
}

const NOT_MIGRATED: &str = "DELETE FROM stagemark_migration WHERE version = 'm003_passes';";

#[tokio::test]
async fn markers_that_knew_of_no_pass_are_of_none() {
    let earlier = format!("{NOT_MIGRATED} ALTER TABLE stagemark_marker DROP COLUMN pass;");

    assert_eq!(reopened(&earlier).await, Fusion::Free);
}

#[tokio::test]
async fn an_upgrade_that_was_cut_short_is_run_again() {
    assert_eq!(reopened(NOT_MIGRATED).await, Fusion::Free);
}
