//! Counts of what the committer wrote: what shows where the time goes.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use super::meters::CommitMeters;
use crate::ports::Write;

/// How many commits this process has made, of which sizes, and how long they took.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use stagemark::{Engine, MemoryStore};
///
/// let engine = Engine::builder(MemoryStore::new()).start().await.unwrap();
/// assert_eq!(engine.commits().commits, 0);
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommitStats {
    /// Transactions that wrote runs or markers.
    pub commits: u64,
    /// Submissions and changes in them.
    pub writes: u64,
    /// Rows that these asked for: runs, markers and places in the queue.
    pub rows: u64,
    /// The time spent in them.
    pub time: Duration,
    /// How many transactions had 1, 2 to 3, 4 to 7, 8 to 15, … writes: each step doubles.
    pub sizes: [u64; 12],
}

#[derive(Debug, Default)]
pub(crate) struct Stats {
    commits: AtomicU64,
    writes: AtomicU64,
    rows: AtomicU64,
    micros: AtomicU64,
    sizes: [AtomicU64; 12],
    meters: CommitMeters,
}

impl Stats {
    pub(crate) fn committed(&self, writes: &[Write], time: Duration) {
        self.meters.committed(writes.len(), time);
        self.commits.fetch_add(1, Relaxed);
        self.writes.fetch_add(writes.len() as u64, Relaxed);
        self.rows.fetch_add(writes.iter().map(rows).sum(), Relaxed);
        self.micros.fetch_add(u64::try_from(time.as_micros()).unwrap_or(u64::MAX), Relaxed);
        let size = writes.len().max(1).ilog2() as usize;
        self.sizes[size.min(self.sizes.len() - 1)].fetch_add(1, Relaxed);
    }

    pub(crate) fn read(&self) -> CommitStats {
        CommitStats {
            commits: self.commits.load(Relaxed),
            writes: self.writes.load(Relaxed),
            rows: self.rows.load(Relaxed),
            time: Duration::from_micros(self.micros.load(Relaxed)),
            sizes: std::array::from_fn(|size| self.sizes[size].load(Relaxed)),
        }
    }
}

fn rows(write: &Write) -> u64 {
    let rows = match write {
        Write::Submit(run) => 1 + run.queue.len(),
        Write::Change(change) => change.markers.len() + change.row.as_ref().map_or(0, |row| 1 + row.queue.len()),
    };
    rows as u64
}
