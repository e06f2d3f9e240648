//! Files of earlier versions, opened by this one.

use stagemark::{
    RunId, Status,
    ports::{Fusion, History, Marker, Page, Results, Schedules, Store, Write},
};

use crate::{
    fixture::Database,
    writes::{done, held},
};

/// Stores a run with a marker, takes the file back by these statements, and gives the marker.
async fn reopened(statements: &str) -> Marker {
    let database = Database::new();
    let (store, run) = (database.open().await, RunId::new());
    store.write(&[Write::Submit(held(run))]).await.unwrap();
    store.write(&[done(run, 1)]).await.unwrap();
    drop(store);
    rusqlite::Connection::open(database.file()).unwrap().execute_batch(statements).unwrap();

    let store = database.open().await;
    assert_eq!(store.outputs().await.unwrap(), []);
    store.load(&[run]).await.unwrap().remove(0).markers.remove(0)
}

const NOT_MIGRATED: &str = "DELETE FROM stagemark_migration WHERE version = 'm003_passes';";
const NO_RESULTS: &str = "DELETE FROM stagemark_migration WHERE version = 'm004_results';";

#[tokio::test]
async fn markers_that_knew_of_no_pass_are_of_none() {
    let earlier = format!("{NOT_MIGRATED} ALTER TABLE stagemark_marker DROP COLUMN pass;");

    assert_eq!(reopened(&earlier).await.task.fusion, Fusion::Free);
}

#[tokio::test]
async fn markers_that_knew_of_no_results_took_none() {
    let earlier = format!("{NO_RESULTS} DROP TABLE stagemark_result; ALTER TABLE stagemark_marker DROP COLUMN reused;");

    assert!(!reopened(&earlier).await.reused);
}

const NO_PAGES: &str = "DELETE FROM stagemark_migration WHERE version = 'm005_stopped';";
const NO_SCHEDULES: &str = "DELETE FROM stagemark_migration WHERE version = 'm006_schedules';";

#[tokio::test]
async fn runs_of_a_version_without_pages_are_listed() {
    let database = Database::new();
    let (store, run) = (database.open().await, RunId::new());
    store.write(&[Write::Submit(held(run))]).await.unwrap();
    drop(store);
    let earlier = format!("{NO_PAGES} {NO_SCHEDULES} DROP INDEX stagemark_run_stopped; DROP TABLE stagemark_schedule;");
    rusqlite::Connection::open(database.file()).unwrap().execute_batch(&earlier).unwrap();

    let store = database.open().await;
    let statuses = vec![Status::Running, Status::Failed];
    let page = store.page(&Page { statuses, workflow: None, before: None, limit: 10, look: 10 }).await.unwrap();

    assert_eq!(page.runs[0].id, run);
    assert_eq!(store.schedules().await.unwrap(), []);
}

#[tokio::test]
async fn an_upgrade_that_was_cut_short_is_run_again() {
    assert!(!reopened(&format!("{NO_PAGES} {NO_SCHEDULES}")).await.reused);
    assert_eq!(reopened(NOT_MIGRATED).await.task.fusion, Fusion::Free);
    assert!(!reopened(NO_RESULTS).await.reused);
}
