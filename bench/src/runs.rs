//! Runs of five steps that do nothing, each output durable before the next step begins.

use std::{
    error::Error,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use futures::future::join_all;
use stagemark::{CommitStats, Definition, Engine, Name, Workflow, from_fn};
use stagemark_sql::SqlStore;

use crate::bare::Bare;

pub(crate) const FIVE: Workflow<u64, u64> = Workflow::new("five-steps");
const STEPS: [Name; 5] = [Name::new("one"), Name::new("two"), Name::new("three"), Name::new("four"), Name::new("five")];
const WARM_UP: Duration = Duration::from_millis(500);

pub(crate) fn five() -> Definition {
    five_counted(&Arc::default())
}

/// The same, and counts the attempts of the last step.
pub(crate) fn five_counted(last: &Arc<AtomicUsize>) -> Definition {
    let step = |name| from_fn(name, |_, n: u64| async move { Ok(n + 1) });
    let [first @ .., end] = STEPS;
    let last = Arc::clone(last);
    let count = from_fn(end, move |_, n: u64| {
        last.fetch_add(1, Ordering::Relaxed);
        async move { Ok(n + 1) }
    });
    FIVE.define(|n| first.into_iter().fold(n, |n, name| n.then(step(name))).then(count))
}

/// Prints the tables.
pub(crate) async fn measure(dir: &Path, time: Duration) -> Result<(), Box<dyn Error>> {
    println!("# 5-step no-op runs on SQLite (WAL, synchronous=FULL)\n");
    println!(
        "| in flight | runs/s | bare commits/s before and after | runs per bare commit | p50 | p99 | p50 in bare commits | commits per run | rows per run |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    let mut sizes = Vec::new();
    for in_flight in [1, 64, 1000] {
        let before = Bare::measure(dir, time / 2)?;
        let measured = Measured::take(dir, in_flight, time).await?;
        let after = Bare::measure(dir, time / 2)?;
        measured.print(&before, &after);
        sizes.push((in_flight, measured.stats, before.rows_per_s.max(after.rows_per_s)));
    }
    println!("\n# Where the time goes: the committer\n");
    println!(
        "| in flight | commits | mean time | rows/s while committing | bare rows/s (batches of 100) | busy | commits by number of writes: 1, 2-3, 4-7, … |"
    );
    println!("|---|---|---|---|---|---|---|");
    for (in_flight, (stats, elapsed), rows_per_s) in sizes {
        print_committer(in_flight, &stats, elapsed, Some(rows_per_s));
    }
    println!();
    Ok(())
}

pub(crate) struct Measured {
    pub(crate) in_flight: usize,
    pub(crate) runs: usize,
    /// The committer's counts, and the time they were made in.
    pub(crate) stats: (CommitStats, Duration),
    latencies: Vec<Duration>,
}

/// Proof that an engine has run long enough to be measured.
pub(crate) struct Settled(());

impl Settled {
    pub(crate) async fn warm(engine: &Engine, in_flight: usize) -> Result<Self, Box<dyn Error>> {
        load(engine, in_flight, WARM_UP).await?;
        Ok(Self(()))
    }
}

impl Measured {
    async fn take(dir: &Path, in_flight: usize, time: Duration) -> Result<Self, Box<dyn Error>> {
        let folder = tempfile::tempdir_in(dir)?;
        let url = format!("sqlite://{}", folder.path().join("runs.db").display());
        let engine = Engine::builder(SqlStore::open(&url).await?)
            .scratch(folder.path())
            .slots(2048)
            .serve(five())
            .start()
            .await?;
        let settled = Settled::warm(&engine, in_flight).await?;
        let measured = Self::of(&engine, in_flight, (settled, time)).await?;
        assert!(engine.doctor().await?.is_empty(), "every run is explained");
        engine.shutdown(Duration::from_secs(5)).await;
        Ok(measured)
    }

    pub(crate) async fn of(
        engine: &Engine,
        in_flight: usize,
        (_settled, time): (Settled, Duration),
    ) -> Result<Self, Box<dyn Error>> {
        let (before, begun) = (engine.commits(), Instant::now());
        let mut latencies = load(engine, in_flight, time).await?;
        let (elapsed, stats) = (begun.elapsed(), since(&before, &engine.commits()));
        latencies.sort_unstable();
        Ok(Self { in_flight, runs: latencies.len(), stats: (stats, elapsed), latencies })
    }

    /// Runs in a second.
    pub(crate) fn rate(&self) -> f64 {
        self.runs as f64 / self.stats.1.as_secs_f64()
    }

    fn print(&self, before: &Bare, after: &Bare) {
        let (stats, rate) = (&self.stats.0, self.rate());
        // The better of the two: a disk that others disturbed for a while must not flatter the engine.
        let bare = before.commits_per_s.max(after.commits_per_s);
        let (p50, p99) = (self.percentile(50), self.percentile(99));
        let commit = before.commit().min(after.commit());
        println!(
            "| {} | {rate:.0} | {:.0}, {:.0} | {:.2} | {p50:.2?} | {p99:.2?} | {:.1} | {:.3} | {:.2} |",
            self.in_flight,
            before.commits_per_s,
            after.commits_per_s,
            rate / bare,
            p50.as_secs_f64() / commit.as_secs_f64(),
            stats.commits as f64 / self.runs as f64,
            stats.rows as f64 / self.runs as f64,
        );
    }

    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        self.latencies[(self.latencies.len() * percent / 100).min(self.latencies.len() - 1)]
    }
}

/// Keeps so many runs in flight for some time; gives how long each took, from submission to result.
async fn load(engine: &Engine, in_flight: usize, time: Duration) -> Result<Vec<Duration>, Box<dyn Error>> {
    let until = Instant::now() + time;
    let callers = (0..in_flight).map(|caller| {
        let engine = engine.clone();
        tokio::spawn(async move {
            let mut latencies = Vec::new();
            while Instant::now() < until {
                let begun = Instant::now();
                let run = engine.submit(FIVE, caller as u64).await.map_err(|error| error.to_string())?;
                let result = run.result().await.map_err(|error| error.to_string())?;
                assert_eq!(result, caller as u64 + 5, "each step added one");
                latencies.push(begun.elapsed());
            }
            Ok::<_, String>(latencies)
        })
    });
    let mut all = Vec::new();
    for caller in join_all(callers).await {
        all.extend(caller??);
    }
    Ok(all)
}

fn since(before: &CommitStats, after: &CommitStats) -> CommitStats {
    CommitStats {
        commits: after.commits - before.commits,
        writes: after.writes - before.writes,
        rows: after.rows - before.rows,
        time: after.time.saturating_sub(before.time),
        sizes: std::array::from_fn(|size| after.sizes[size] - before.sizes[size]),
    }
}

pub(crate) fn print_committer(in_flight: usize, stats: &CommitStats, elapsed: Duration, bare_rows_per_s: Option<f64>) {
    let mean = stats.time / u32::try_from(stats.commits.max(1)).unwrap_or(u32::MAX);
    let rows_per_s = stats.rows as f64 / stats.time.as_secs_f64();
    let busy = 100.0 * stats.time.as_secs_f64() / elapsed.as_secs_f64();
    let sizes = stats.sizes.map(|size| size.to_string()).join(", ");
    let bare = bare_rows_per_s.map_or_else(String::new, |rate| format!("{rate:.0} | "));
    println!("| {in_flight} | {} | {mean:.2?} | {rows_per_s:.0} | {bare}{busy:.0} % | {sizes} |", stats.commits);
}
