//! What queued runs cost the process that is to run them: they lie in the database.

use std::{
    error::Error,
    path::Path,
    time::{Duration, Instant},
};

use futures::{StreamExt, stream};
use stagemark::{Engine, Name, Workflow, from_fn};
use stagemark_sql::SqlStore;

const RUNS: u64 = 100_000;
const WAITING: Workflow<u64, u64> = Workflow::new("waiting");
const NEVER: Name = Name::new("never");

/// Submits the runs to a worker that has no slot for their first step, and prints how its memory grew.
pub(crate) async fn measure(dir: &Path) -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir_in(dir)?;
    let url = format!("sqlite://{}", folder.path().join("queued.db").display());
    let waiting = WAITING.define(|n| n.then(from_fn(NEVER, |_, n: u64| async move { Ok(n) })));
    let store = SqlStore::open(&url).await?;
    let engine = Engine::builder(store).scratch(folder.path()).slots_of(NEVER, 0).serve(waiting).start().await?;
    let (before, begun) = (resident_bytes()?, Instant::now());

    let mut submissions = stream::iter(0..RUNS).map(|n| engine.submit(WAITING, n).into_future()).buffer_unordered(1000);
    while let Some(run) = submissions.next().await {
        run?;
    }
    let accepted = begun.elapsed();
    // Long enough for sweeps, heartbeats and a checkpoint of the log to have passed.
    tokio::time::sleep(Duration::from_secs(5)).await;
    let after = resident_bytes()?;

    let rate = RUNS as f64 / accepted.as_secs_f64();
    let grown = after.saturating_sub(before) as f64 / 1e6;
    println!("# {RUNS} queued runs\n");
    println!("| accepted in | submissions/s | process before | process after | grown by |\n|---|---|---|---|---|");
    println!(
        "| {accepted:.2?} | {rate:.0} | {:.1} MB | {:.1} MB | {grown:.1} MB |\n",
        before as f64 / 1e6,
        after as f64 / 1e6
    );
    assert!(engine.doctor().await?.is_empty(), "every run is explained by its place in the queue");
    engine.shutdown(Duration::from_secs(1)).await;
    Ok(())
}

/// The memory of this process that lies in RAM.
fn resident_bytes() -> Result<u64, Box<dyn Error>> {
    let pages: u64 =
        std::fs::read_to_string("/proc/self/statm")?.split(' ').nth(1).ok_or("statm has no second field")?.parse()?;
    Ok(pages * 4096)
}
