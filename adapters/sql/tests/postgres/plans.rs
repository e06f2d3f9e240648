//! How `PostgreSQL` finds rows: tables grow, so that what is asked often must be found by an index.

use std::time::{Duration, Instant};

use stagemark::{
    RunId, Status, Timestamp, WorkerId,
    ports::{Claim, Filter, Heartbeats, Hint, History, NewRun, Outbox, Page, Served, Store, Write},
};
use stagemark_services::Postgres;
use stagemark_sql::SqlStore;

use crate::writes::{NOW, WORKER, done, held, queued, ready};

/// Runs that ended, and runs that wait, 100,000 of each.
const FILL: &str = "
    INSERT INTO stagemark_run (id, submitted, revision, version, status, priority, workflow, input)
        SELECT gen_random_uuid(), 0, 0, 1, CASE n % 2 WHEN 0 THEN 0 ELSE 2 END, 1, 'w', '1'
        FROM generate_series(1, 200000) AS n;
    INSERT INTO stagemark_queue (run, due, node, version, priority, workflow)
        SELECT id, 1 + row_number() OVER (), 0, 1, 1, 'w' FROM stagemark_run WHERE status = 0;
    INSERT INTO stagemark_marker (run, attempt, node, item, released, phase)
        SELECT id, 1, 1, 0, 0, 2 FROM stagemark_run WHERE status = 2;
    ANALYZE";

/// How many entries of indexes were read: a table may be read from end to end by way of one.
const READ: &str = "SELECT coalesce(sum(idx_tup_read), 0) FROM pg_stat_user_indexes
    WHERE relname IN ('stagemark_run', 'stagemark_marker', 'stagemark_queue', 'stagemark_outbox')";

async fn filled() -> (Postgres, SqlStore) {
    let server = Postgres::temporary().unwrap();
    let store = SqlStore::open(&server.url()).await.unwrap();
    server.sql(FILL).unwrap();
    // The store's own connections: their plans are made when the tables are full.
    let store_of_full = SqlStore::open(&server.url()).await.unwrap();
    drop(store);
    server.sql("SELECT pg_stat_reset()").unwrap();
    (server, store_of_full)
}

fn look(hinted: Vec<RunId>) -> Claim {
    let served = |node| Served { workflow: "w".into(), version: 1, node, room: 20 };
    let served = (0..5).map(served).collect();
    Claim { worker: WORKER, now: NOW, reserved: Timestamp(NOW.0 + 1000), served, hinted, lapsed: 10 }
}

/// Waits until the store's connections have ended: then all that they did is counted.
async fn count(server: &Postgres, what: &str) -> i64 {
    let others = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'stagemark'";
    let begun = Instant::now();
    while server.sql(others).unwrap() != "0" {
        assert!(begun.elapsed() < Duration::from_secs(20), "the store is closed when it is dropped");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    server.sql(what).unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_table_that_grows_is_read_from_end_to_end() {
    let (server, store) = filled().await;

    let runs: Vec<RunId> = (0..300).map(|_| RunId::new()).collect();
    let hints = |run| Hint {
        run,
        node: 0,
        workflow: "w".into(),
        version: 1,
        pool: "default".into(),
        priority: stagemark::Priority::Normal,
        trace: None,
    };
    for of in [&runs[..1], &runs[1..]] {
        let submit = |run: &RunId| Write::Submit(NewRun { key: Some(run.to_string()), ..held(*run) });
        store.write(&of.iter().map(submit).collect::<Vec<_>>()).await.unwrap();
        store.write(&of.iter().map(submit).collect::<Vec<_>>()).await.unwrap();
        for node in 1..3 {
            store.write(&of.iter().map(|run| done(*run, node)).collect::<Vec<_>>()).await.unwrap();
            store.write(&of.iter().map(|run| done(*run, node)).collect::<Vec<_>>()).await.unwrap();
        }
        store.write(&of.iter().map(|run| ready(*run, 3)).collect::<Vec<_>>()).await.unwrap();
        let (waiting, watching) = (RunId::new(), of.to_vec());
        store.write(&[Write::Submit(NewRun { outbox: vec![hints(waiting)], ..queued(waiting) })]).await.unwrap();
        store.claim(&look(vec![])).await.unwrap();
        store.claim(&look(vec![waiting])).await.unwrap();
        let worker = WorkerId(9);
        let beats = Heartbeats { worker, now: NOW, until: NOW, beats: vec![], watching };
        store.heartbeat(&beats).await.unwrap();
        store.unsent(Timestamp(u64::MAX >> 1), 10).await.unwrap();
        store.sent(&[hints(waiting)]).await.unwrap();
        store.list(&Filter { ended: true, now: NOW, limit: 10 }).await.unwrap();
        for statuses in [vec![], vec![Status::Failed, Status::Cancelled]] {
            store.page(&Page { statuses, workflow: None, before: None, limit: 10, look: 1000 }).await.unwrap();
        }
    }
    drop(store);

    let read_whole = "SELECT coalesce(sum(seq_scan), 0) FROM pg_stat_user_tables
        WHERE relname IN ('stagemark_run', 'stagemark_marker', 'stagemark_queue', 'stagemark_outbox')";
    assert_eq!(count(&server, read_whole).await, 0);
    let read = count(&server, READ).await;
    assert!(read < 30_000, "{read} entries of indexes were read");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_reads_what_it_hands_out_and_little_more() {
    let (server, store) = filled().await;

    let claimed = store.claim(&look(vec![])).await.unwrap();
    drop(store);

    assert_eq!(claimed.runs.len(), 20);
    let read = count(&server, READ).await;
    assert!(read < 200, "{read} entries of indexes were read");
}
