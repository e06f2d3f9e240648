//! How `SQLite` finds rows: tables grow, so that what is asked often must be found by an index.

use std::path::Path;

use super::{
    lapsed, list, outbox, queue,
    statements::{DONE, MARKERS, OUTBOX, QUEUE, REPORT, RESERVE, RUNS, SENT, SILENCE, UNQUEUE},
};
use crate::SqlStore;

/// The plan of a statement, a line a step.
fn plan(file: &Path, text: &str) -> Vec<String> {
    let database = rusqlite::Connection::open(file).unwrap();
    let mut explain = database.prepare(&format!("EXPLAIN QUERY PLAN {text}")).unwrap();
    let mut steps = explain.raw_query();
    let mut plan = Vec::new();
    while let Some(step) = steps.next().unwrap() {
        plan.push(step.get(3).unwrap());
    }
    plan
}

/// The statements that are run at each write, poll and heartbeat.
fn frequent() -> Vec<String> {
    let rows = [
        &DONE,
        &MARKERS,
        &RUNS,
        &QUEUE,
        &UNQUEUE,
        &SILENCE,
        &REPORT,
        &RESERVE,
        &OUTBOX,
        &SENT,
        &queue::NEXT_DUE,
        &queue::HINTED,
    ];
    let [held, leased] = [lapsed::HELD, lapsed::LEASED].map(|parts| parts.join("(?, ?), (?, ?)"));
    let queries = [&*queue::due_text(2), lapsed::WORKERS, &held, &leased, outbox::UNSENT].map(str::to_owned);
    rows.iter().map(|rows| rows.text(3)).chain(queries).collect()
}

async fn database() -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("stagemark.db");
    SqlStore::open(&format!("sqlite://{}", file.display())).await.unwrap();
    (folder, file)
}

#[tokio::test]
async fn what_is_asked_often_is_found_by_an_index() {
    let (_folder, file) = database().await;

    for text in frequent() {
        let plan = plan(&file, &text);
        let scans = |table: &str| plan.iter().any(|step| step.starts_with(&format!("SCAN {table}")));
        assert!(
            !["stagemark_run", "stagemark_marker", "stagemark_queue", "stagemark_outbox"].into_iter().any(scans),
            "{text}: {plan:#?}"
        );
    }
}

#[tokio::test]
async fn live_runs_are_listed_without_a_look_at_those_that_ended() {
    let (_folder, file) = database().await;

    let plan = plan(&file, list::LIVE);

    let runs: Vec<_> = plan.iter().filter(|step| step.contains("stagemark_run")).collect();
    assert_eq!(runs, ["SCAN stagemark_run USING INDEX stagemark_run_live"]);
}
