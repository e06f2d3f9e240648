//! Measures the write path beside bare commits of the same file system: runs of five steps, in batches of one size.
//!
//! `cargo run --release -p stagemark-sql --example write_rate [folder]`

use std::{
    error::Error,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use stagemark::{
    Priority, RunId, Status, Timestamp, WorkerId,
    ports::{Change, Marker, NewRun, Outcome, Phase, RunRow, Store, Task, TaskId, Write},
};
use stagemark_sql::SqlStore;

const TIME: Duration = Duration::from_secs(2);
const WORKER: WorkerId = WorkerId(7);
const NOW: Timestamp = Timestamp(1_764_000_000_000);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let dir = std::env::args().nth(1).map_or_else(|| "target".into(), PathBuf::from);
    std::fs::create_dir_all(&dir)?;
    println!("bare: {:.0} commits/s, {:.0} rows/s in batches of 100", bare(&dir, 1)?, bare(&dir, 100)?);
    println!("| batch | commits/s | row writes/s | a commit |\n|---|---|---|---|");
    for batch in [1, 16, 256, 1000] {
        measure(&dir, batch).await?;
    }
    println!("bare: {:.0} commits/s, {:.0} rows/s in batches of 100", bare(&dir, 1)?, bare(&dir, 100)?);
    Ok(())
}

async fn measure(dir: &Path, size: usize) -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir_in(dir)?;
    let store = SqlStore::open(&format!("sqlite://{}", folder.path().join("rate.db").display())).await?;
    let mut load = Load::new(size);
    let (mut commits, mut rows) = (0_u32, 0_u32);
    let mut busy = Duration::ZERO;
    while busy < TIME {
        let batch = load.batch();
        let begun = Instant::now();
        let outcomes = store.write(&batch).await?;
        busy += begun.elapsed();
        assert!(outcomes.iter().all(|outcome| *outcome == Outcome::Accepted), "no write of the bench is refused");
        commits += 1;
        rows += batch.iter().map(rows_of).sum::<u32>();
    }
    let (commits_per_s, rows_per_s) = (f64::from(commits) / busy.as_secs_f64(), f64::from(rows) / busy.as_secs_f64());
    println!("| {size} | {commits_per_s:.0} | {rows_per_s:.0} | {:.2?} |", busy / commits);
    Ok(())
}

fn rows_of(write: &Write) -> u32 {
    match write {
        Write::Submit(_) => 1,
        Write::Change(change) => {
            u32::try_from(change.markers.len()).unwrap_or(u32::MAX) + u32::from(change.row.is_some())
        }
    }
}

/// Runs in flight, each at another step of its way: one write of each makes a batch.
struct Load {
    runs: Vec<(RunId, u16)>,
}

impl Load {
    fn new(size: usize) -> Self {
        Self { runs: vec![(RunId::new(), 0); size] }
    }

    fn batch(&mut self) -> Vec<Write> {
        self.runs
            .iter_mut()
            .map(|(run, step)| {
                if *step == 0 {
                    *run = RunId::new();
                }
                let write = if *step == 0 { submit(*run) } else { finish(*run, *step) };
                *step = (*step + 1) % 6;
                write
            })
            .collect()
    }
}

fn submit(id: RunId) -> Write {
    Write::Submit(NewRun {
        id,
        workflow: "five-steps".into(),
        version: 1,
        key: None,
        input: "42".into(),
        width: None,
        priority: Priority::Normal,
        trace: None,
        submitted: NOW,
        status: Status::Running,
        holder: Some(WORKER),
        queue: Vec::new(),
        outbox: Vec::new(),
    })
}

fn finish(run: RunId, step: u16) -> Write {
    let task = Task { phase: Phase::Done { width: None }, attempt: 1, ..Task::NEW };
    let (started, finished) = (Some(NOW), Some(NOW));
    let id = TaskId { node: step, item: 0 };
    let marker = Marker { id, task, started, finished, output: Some(Arc::from("43")), error: None, reused: false };
    let ready = RunRow {
        status: Status::Ready,
        holder: None,
        queue: Vec::new(),
        outbox: Vec::new(),
        error: None,
        ended: Some(NOW),
    };
    let row = (step == 5).then_some(ready);
    Write::Change(Change { run, revision: 0, row, markers: vec![marker], companions: Vec::new(), results: Vec::new() })
}

/// How many commits, or rows, bare `SQLite` writes in a second.
fn bare(dir: &Path, batch: u32) -> Result<f64, Box<dyn Error>> {
    let folder = tempfile::tempdir_in(dir)?;
    let database = rusqlite::Connection::open(folder.path().join("bare.db"))?;
    database.pragma_update(None, "journal_mode", "WAL")?;
    database.pragma_update(None, "synchronous", "FULL")?;
    database.execute_batch("CREATE TABLE row (id INTEGER PRIMARY KEY, text TEXT NOT NULL)")?;
    let text = "x".repeat(100);
    let mut insert = database.prepare("INSERT INTO row (text) VALUES (?1)")?;
    let (begun, mut rows) = (Instant::now(), 0_u32);
    while begun.elapsed() < TIME / 2 {
        if batch > 1 {
            database.execute_batch("BEGIN IMMEDIATE")?;
        }
        for _ in 0..batch {
            insert.execute([&text])?;
        }
        if batch > 1 {
            database.execute_batch("COMMIT")?;
        }
        rows += batch;
    }
    Ok(f64::from(rows) / begun.elapsed().as_secs_f64())
}
