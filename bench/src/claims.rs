//! What a claim costs when the tables of `PostgreSQL` are full, beside one on tables that are nearly empty.

use std::{
    error::Error,
    time::{Duration, Instant},
};

use sqlx::{AssertSqlSafe, Executor};
use stagemark::{
    Timestamp, WorkerId,
    ports::{Claim, Served, Store},
};
use stagemark_sql::SqlStore;

use crate::server::Schema;

const CLAIMS: u32 = 200;
const ROOM: u32 = 64;
const FEW: u32 = 20_000;
const MANY: u32 = 1_000_000;

/// Prints the table.
pub(crate) async fn measure() -> Result<(), Box<dyn Error>> {
    println!("# Claims of {ROOM} runs on PostgreSQL\n");
    println!("| queued | finished | p50 of a claim | p99 | p50 of a look that finds nothing |\n|---|---|---|---|---|");
    for (queued, finished) in [(FEW, 0), (MANY, MANY)] {
        let (mut claims, mut looks) = times(queued, finished).await?;
        claims.sort_unstable();
        looks.sort_unstable();
        let (middle, last) = (claims.len() / 2, claims.len() * 99 / 100);
        println!(
            "| {queued} | {finished} | {:.2?} | {:.2?} | {:.2?} |",
            claims[middle],
            claims[last],
            looks[looks.len() / 2]
        );
    }
    println!();
    Ok(())
}

async fn times(queued: u32, finished: u32) -> Result<(Vec<Duration>, Vec<Duration>), Box<dyn Error>> {
    let mut schema = Schema::make("stagemark_claims").await?;
    let store = SqlStore::open(&schema.url).await?;
    schema.watch.execute(AssertSqlSafe(filling(queued, finished))).await?;
    let mut claims = Vec::new();
    for nth in 0..CLAIMS {
        let begun = Instant::now();
        let claimed = store.claim(&look(nth, "five-steps")).await?;
        claims.push(begun.elapsed());
        assert_eq!(claimed.runs.len(), ROOM as usize, "there is enough to claim");
    }
    let mut looks = Vec::new();
    for nth in 0..CLAIMS {
        let begun = Instant::now();
        assert!(store.claim(&look(nth, "unknown")).await?.runs.is_empty(), "nothing waits there");
        looks.push(begun.elapsed());
    }
    schema.drop().await?;
    Ok((claims, looks))
}

fn look(nth: u32, workflow: &str) -> Claim {
    let now = Timestamp(10_000_000 + u64::from(nth));
    let served = |node| Served { workflow: workflow.into(), version: 1, node, room: ROOM };
    let served = (0..6).map(served).collect();
    let reserved = Timestamp(now.0 + 1_000_000);
    Claim { worker: WorkerId(7), now, reserved, served, hinted: Vec::new(), lapsed: 64 }
}

fn filling(queued: u32, finished: u32) -> String {
    // The ids of runs are of UUID version 7, which grow with the time of submission; so do these.
    let runs = |status: u8, many: u32| {
        format!(
            "INSERT INTO stagemark_run (id, submitted, revision, version, status, priority, workflow, input)
            SELECT lpad(to_hex({status} * 100000000 + n), 32, '0')::uuid, 0, 0, 1, {status}, 1, 'five-steps', '1'
                FROM generate_series(1, {many}) AS n;"
        )
    };
    let (waiting, ready) = (runs(0, queued), runs(2, finished));
    format!(
        "{waiting} {ready}
        INSERT INTO stagemark_queue (run, due, node, version, priority, workflow)
            SELECT id, row_number() OVER (), 0, 1, 1, 'five-steps' FROM stagemark_run WHERE status = 0;
        INSERT INTO stagemark_marker (run, attempt, node, item, released, phase, output)
            SELECT id, 1, 1, 0, 0, 2, '1' FROM stagemark_run WHERE status = 2;
        ANALYZE stagemark_run, stagemark_queue, stagemark_marker"
    )
}
