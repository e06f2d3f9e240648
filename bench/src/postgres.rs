//! The same runs on `PostgreSQL`, beside bare one-row commits of its clients.

use std::{
    error::Error,
    time::{Duration, Instant},
};

use futures::future::join_all;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, PgPool, postgres::PgPoolOptions};
use stagemark::Engine;
use stagemark_sql::SqlStore;

use crate::runs::{Measured, Settled, five, print_committer};

/// How many clients commit at once where the most is measured that the server commits.
const CLIENTS: u32 = 16;
const TABLE: &str = "DROP SCHEMA IF EXISTS stagemark_bench CASCADE; CREATE SCHEMA stagemark_bench;
    CREATE TABLE stagemark_bench.bare (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, text text NOT NULL)";

/// What the server does without an engine.
struct Bare {
    commits_per_s: f64,
    alone_per_s: f64,
}

impl Bare {
    async fn measure(url: &str, time: Duration) -> Result<Self, Box<dyn Error>> {
        let pool = PgPoolOptions::new().max_connections(CLIENTS).test_before_acquire(false).connect(url).await?;
        let commits_per_s = rate(&pool, CLIENTS, time / 2).await?;
        let alone_per_s = rate(&pool, 1, time / 2).await?;
        pool.close().await;
        Ok(Self { commits_per_s, alone_per_s })
    }
}

/// How many rows of 100 bytes so many clients commit in a second, each a row at a time.
async fn rate(pool: &PgPool, clients: u32, time: Duration) -> Result<f64, Box<dyn Error>> {
    let text = "x".repeat(100);
    let begun = Instant::now();
    let clients = (0..clients).map(|_| {
        let (pool, text) = (pool.clone(), text.clone());
        tokio::spawn(async move {
            let mut connection = pool.acquire().await?;
            let mut commits = 0_u32;
            while begun.elapsed() < time {
                let insert = sqlx::query("INSERT INTO stagemark_bench.bare (text) VALUES ($1)").bind(&text);
                connection.execute(insert).await?;
                commits += 1;
            }
            Ok::<_, sqlx::Error>(commits)
        })
    });
    let mut commits = 0;
    for client in join_all(clients).await {
        commits += client??;
    }
    Ok(f64::from(commits) / begun.elapsed().as_secs_f64())
}

/// Prints the tables.
pub(crate) async fn measure(time: Duration) -> Result<(), Box<dyn Error>> {
    let url = stagemark_services::database_url()?;
    let mut watch = PgConnection::connect(&url).await?;
    watch.execute(AssertSqlSafe(TABLE)).await?;
    let version: String = sqlx::query_scalar("SHOW server_version").fetch_one(&mut watch).await?;
    println!("# 5-step no-op runs on PostgreSQL {version} (its default durability)\n");
    println!(
        "| in flight | runs/s | bare commits/s, {CLIENTS} clients | one client | runs per bare commit | p50 | p99 | p50 in commits of one client | commits per run | rows per run | WAL bytes per run |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|");
    let mut committers = Vec::new();
    for in_flight in [1, 64, 1000] {
        let before = Bare::measure(&url, time / 2).await?;
        let (measured, wal_bytes) = run(&url, &mut watch, in_flight, time).await?;
        let after = Bare::measure(&url, time / 2).await?;
        print(&measured, [&before, &after], wal_bytes);
        committers.push((in_flight, measured.stats));
    }
    println!("\n# Where the time goes: the committer\n");
    println!(
        "| in flight | commits | mean time | rows/s while committing | busy | commits by number of writes: 1, 2-3, 4-7, … |"
    );
    println!("|---|---|---|---|---|---|");
    for (in_flight, (stats, elapsed)) in committers {
        print_committer(in_flight, &stats, elapsed, None);
    }
    println!();
    watch.execute("DROP SCHEMA stagemark_bench CASCADE").await?;
    Ok(())
}

async fn run(
    url: &str,
    watch: &mut PgConnection,
    in_flight: usize,
    time: Duration,
) -> Result<(Measured, u64), Box<dyn Error>> {
    let schema = format!("stagemark_bench_{in_flight}");
    let make = format!("DROP SCHEMA IF EXISTS {schema} CASCADE; CREATE SCHEMA {schema}");
    watch.execute(AssertSqlSafe(make)).await?;
    let join = if url.contains('?') { '&' } else { '?' };
    let store = SqlStore::open(&format!("{url}{join}options=-csearch_path%3D{schema}")).await?;
    let scratch = tempfile::tempdir()?;
    let engine = Engine::builder(store).scratch(scratch.path()).slots(2048).serve(five()).start().await?;
    let settled = Settled::warm(&engine, in_flight).await?;
    let before = wal_position(watch).await?;
    let measured = Measured::of(&engine, in_flight, (settled, time)).await?;
    let wal_bytes = wal_position(watch).await?.saturating_sub(before);
    assert!(engine.doctor().await?.is_empty(), "every run is explained");
    engine.shutdown(Duration::from_secs(5)).await;
    watch.execute(AssertSqlSafe(format!("DROP SCHEMA {schema} CASCADE"))).await?;
    Ok((measured, wal_bytes))
}

async fn wal_position(watch: &mut PgConnection) -> Result<u64, Box<dyn Error>> {
    let position: i64 =
        sqlx::query_scalar("SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint").fetch_one(watch).await?;
    Ok(u64::try_from(position)?)
}

fn print(measured: &Measured, bare: [&Bare; 2], wal_bytes: u64) {
    let (stats, _) = &measured.stats;
    let [before, after] = bare;
    // The better of the two: a disk that others disturbed for a while must not flatter the engine.
    let commits_per_s = before.commits_per_s.max(after.commits_per_s);
    let alone_per_s = before.alone_per_s.max(after.alone_per_s);
    let (p50, p99, runs) = (measured.percentile(50), measured.percentile(99), measured.runs as f64);
    println!(
        "| {} | {:.0} | {:.0}, {:.0} | {:.0}, {:.0} | {:.2} | {p50:.2?} | {p99:.2?} | {:.1} | {:.3} | {:.2} | {:.0} |",
        measured.in_flight,
        measured.rate(),
        before.commits_per_s,
        after.commits_per_s,
        before.alone_per_s,
        after.alone_per_s,
        measured.rate() / commits_per_s,
        p50.as_secs_f64() * alone_per_s,
        stats.commits as f64 / runs,
        stats.rows as f64 / runs,
        wal_bytes as f64 / runs,
    );
}
