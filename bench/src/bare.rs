//! The floor: what `SQLite` does without an engine, one row a commit and a hundred.

use std::{
    path::Path,
    time::{Duration, Instant},
};

/// Bare commits of one file system.
pub(crate) struct Bare {
    pub(crate) commits_per_s: f64,
    pub(crate) rows_per_s: f64,
}

impl Bare {
    /// Commits rows of 100 bytes for some time, with the settings that the engine uses.
    pub(crate) fn measure(dir: &Path, time: Duration) -> rusqlite::Result<Self> {
        let folder = tempfile::tempdir_in(dir).expect("the folder of the bench can be written");
        let database = rusqlite::Connection::open(folder.path().join("bare.db"))?;
        database.pragma_update(None, "journal_mode", "WAL")?;
        database.pragma_update(None, "synchronous", "FULL")?;
        database.execute_batch("CREATE TABLE row (id INTEGER PRIMARY KEY, text TEXT NOT NULL)")?;
        let commits_per_s = rate(&database, 1, time / 2)?;
        let rows_per_s = rate(&database, 100, time / 2)?;
        Ok(Self { commits_per_s, rows_per_s })
    }

    /// The time of one commit.
    pub(crate) fn commit(&self) -> Duration {
        Duration::from_secs_f64(1.0 / self.commits_per_s)
    }
}

fn rate(database: &rusqlite::Connection, batch: u32, time: Duration) -> rusqlite::Result<f64> {
    let text = "x".repeat(100);
    let mut insert = database.prepare("INSERT INTO row (text) VALUES (?1)")?;
    let begun = Instant::now();
    let mut rows = 0_u32;
    while begun.elapsed() < time {
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
