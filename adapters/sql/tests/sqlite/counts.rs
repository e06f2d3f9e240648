//! What a run costs, counted by `SQLite` itself.

use stagemark::{
    RunId,
    ports::{Store, Write},
};

use crate::{
    fixture::Database,
    writes::{done, held, ready},
};

/// Changes in the order of the log: each commit ends with a frame that tells the size of the database.
fn commits(log: &[u8]) -> usize {
    let page = u32::from_be_bytes(log[8..12].try_into().unwrap()) as usize;
    let salt = &log[16..24];
    let frames = log[32..].chunks_exact(24 + page).take_while(|frame| &frame[8..16] == salt);
    frames.filter(|frame| frame[4..8] != [0; 4]).count()
}

#[tokio::test]
async fn a_run_of_five_steps_is_six_commits() {
    let database = Database::new();
    let store = database.open().await;
    let log = || std::fs::read(database.file().with_extension("db-wal")).unwrap();
    let run = RunId::new();
    let before = commits(&log());

    store.write(&[Write::Submit(held(run))]).await.unwrap();
    for node in 1..5 {
        store.write(&[done(run, node)]).await.unwrap();
    }
    store.write(&[ready(run, 5)]).await.unwrap();

    assert_eq!(commits(&log()) - before, 6);
}

#[tokio::test]
async fn a_batch_of_runs_is_one_commit() {
    let database = Database::new();
    let store = database.open().await;
    let log = || std::fs::read(database.file().with_extension("db-wal")).unwrap();
    let before = commits(&log());

    let batch: Vec<_> = (0..700).map(|_| Write::Submit(held(RunId::new()))).collect();
    store.write(&batch).await.unwrap();

    assert_eq!(commits(&log()) - before, 1);
}

#[tokio::test]
async fn a_run_of_five_steps_is_seven_rows_written() {
    let database = Database::new();
    let store = database.open().await;
    count_rows(&database);
    let run = RunId::new();

    store.write(&[Write::Submit(held(run))]).await.unwrap();
    for node in 1..5 {
        store.write(&[done(run, node)]).await.unwrap();
    }
    store.write(&[ready(run, 5)]).await.unwrap();

    let counter = rusqlite::Connection::open(database.file()).unwrap();
    let rows: i64 = counter.query_one("SELECT rows FROM counter", [], |row| row.get(0)).unwrap();
    assert_eq!(rows, 7);
}

/// Counts each row that any connection writes from here on, by triggers.
fn count_rows(database: &Database) {
    let counter = rusqlite::Connection::open(database.file()).unwrap();
    counter.execute_batch("CREATE TABLE counter (rows INTEGER); INSERT INTO counter VALUES (0)").unwrap();
    for table in ["run", "marker", "queue", "heartbeat", "worker"] {
        for event in ["INSERT", "UPDATE", "DELETE"] {
            let trigger = format!(
                "CREATE TRIGGER {table}_{event} AFTER {event} ON stagemark_{table}
                BEGIN UPDATE counter SET rows = rows + 1; END"
            );
            counter.execute_batch(&trigger).unwrap();
        }
    }
}
