//! One run that fans out to many items, beside as many runs of one step.

use std::{
    error::Error,
    time::{Duration, Instant},
};

use futures::future::try_join_all;
use stagemark::{Engine, Name, Workflow, from_fn};
use stagemark_sql::SqlStore;

use crate::server::Schema;

const ITEMS: u64 = 10_000;
const ROUNDS: usize = 5;
const TOGETHER: Workflow<Vec<u64>, Vec<u64>> = Workflow::new("together");
const APART: Workflow<u64, u64> = Workflow::new("apart");
const NEXT: Name = Name::new("next");

/// Prints the table.
pub(crate) async fn measure() -> Result<(), Box<dyn Error>> {
    let schema = Schema::make("stagemark_fan_out").await?;
    let scratch = tempfile::tempdir()?;
    let next = || from_fn(NEXT, |_, n: u64| async move { Ok(n + 1) });
    let engine = Engine::builder(SqlStore::open(&schema.url).await?)
        .scratch(scratch.path())
        .slots(2048)
        .serve(TOGETHER.define(|list| list.each(next())))
        .serve(APART.define(|n| n.then(next())))
        .start()
        .await?;
    let (mut together, mut apart) = (Vec::new(), Vec::new());
    // The first round only warms up.
    for round in 0..=ROUNDS {
        let times = (one_run(&engine).await?, many_runs(&engine).await?);
        if round > 0 {
            together.push(times.0);
            apart.push(times.1);
        }
    }
    println!("# {ITEMS} items on PostgreSQL: the items of one run, and runs of one step\n");
    println!("| | median | least | most |\n|---|---|---|---|");
    let mut medians = Vec::new();
    for (what, times) in [("one run", &mut together), ("runs of one step", &mut apart)] {
        times.sort_unstable();
        let median = times[ROUNDS / 2];
        println!("| {what} | {median:.2?} | {:.2?} | {:.2?} |", times[0], times[ROUNDS - 1]);
        medians.push(median.as_secs_f64());
    }
    println!("\nThe one run takes {:.2} times as long as the many.\n", medians[0] / medians[1]);
    assert!(engine.doctor().await?.is_empty(), "every run is explained");
    engine.shutdown(Duration::from_secs(5)).await;
    schema.drop().await
}

async fn one_run(engine: &Engine) -> Result<Duration, Box<dyn Error>> {
    let begun = Instant::now();
    let made = engine.submit(TOGETHER, (0..ITEMS).collect()).await?.result().await?;
    let took = begun.elapsed();
    assert_eq!(made, (1..=ITEMS).collect::<Vec<_>>(), "each item is there, in order");
    Ok(took)
}

async fn many_runs(engine: &Engine) -> Result<Duration, Box<dyn Error>> {
    let begun = Instant::now();
    let runs = (0..ITEMS).map(|n| async move {
        let made = engine.submit(APART, n).await?.result().await?;
        assert_eq!(made, n + 1, "the step added one");
        Ok::<_, Box<dyn Error>>(())
    });
    try_join_all(runs).await?;
    Ok(begun.elapsed())
}
