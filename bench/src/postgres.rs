//! The same runs on `PostgreSQL`, beside bare one-row commits of its clients.

use std::{error::Error, time::Duration};

use stagemark::Engine;
use stagemark_sql::SqlStore;

use crate::{
    runs::{Measured, Settled, five, print_committer},
    server::{Bare, CLIENTS, Schema},
};

/// Prints the tables.
pub(crate) async fn measure(time: Duration) -> Result<(), Box<dyn Error>> {
    let mut schema = Schema::make("stagemark_version").await?;
    println!("# 5-step no-op runs on PostgreSQL {} (its default durability)\n", schema.version().await?);
    schema.drop().await?;
    println!(
        "| in flight | runs/s | bare commits/s, {CLIENTS} clients | one client | runs per bare commit | p50 | p99 | p50 in commits of one client | commits per run | rows per run | WAL bytes per run |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|");
    let mut committers = Vec::new();
    for in_flight in [1, 64, 1000] {
        let before = Bare::measure(time / 2).await?;
        let (measured, wal_bytes) = run(in_flight, time).await?;
        let after = Bare::measure(time / 2).await?;
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
    Ok(())
}

async fn run(in_flight: usize, time: Duration) -> Result<(Measured, u64), Box<dyn Error>> {
    let mut schema = Schema::make("stagemark_runs").await?;
    let store = SqlStore::open(&schema.url).await?;
    let scratch = tempfile::tempdir()?;
    let engine = Engine::builder(store).scratch(scratch.path()).slots(2048).serve(five()).start().await?;
    let settled = Settled::warm(&engine, in_flight).await?;
    let before = schema.wal_position().await?;
    let measured = Measured::of(&engine, in_flight, (settled, time)).await?;
    let wal_bytes = schema.wal_position().await?.saturating_sub(before);
    assert!(engine.doctor().await?.is_empty(), "every run is explained");
    engine.shutdown(Duration::from_secs(5)).await;
    schema.drop().await?;
    Ok((measured, wal_bytes))
}

fn print(measured: &Measured, [before, after]: [&Bare; 2], wal_bytes: u64) {
    let (stats, _) = &measured.stats;
    let bare = before.better(after);
    let (p50, p99, runs) = (measured.percentile(50), measured.percentile(99), measured.runs as f64);
    println!(
        "| {} | {:.0} | {:.0}, {:.0} | {:.0}, {:.0} | {:.2} | {p50:.2?} | {p99:.2?} | {:.1} | {:.3} | {:.2} | {:.0} |",
        measured.in_flight,
        measured.rate(),
        before.commits_per_s,
        after.commits_per_s,
        before.alone_per_s,
        after.alone_per_s,
        measured.rate() / bare.commits_per_s,
        p50.as_secs_f64() * bare.alone_per_s,
        stats.commits as f64 / runs,
        stats.rows as f64 / runs,
        wal_bytes as f64 / runs,
    );
}
