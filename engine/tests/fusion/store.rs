//! A store that tells what is written to it, and that can be told to fail.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering::SeqCst},
};

use stagemark::ports::{Change, Heartbeats, Outcome, Phase, StoreError, Write};

use crate::guarded::{Guard, Guarded, away};

/// The store of a host, as hosts share a database.
pub(crate) type Watched = Guarded<Watch>;

/// Clones see the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Watch {
    /// What was accepted, by whatever way.
    changes: Arc<Mutex<Vec<Change>>>,
    /// The next change that ends a task is not written.
    pub(crate) loses_an_end: Arc<AtomicBool>,
    /// Signs of life do not reach the store.
    pub(crate) is_deaf: Arc<AtomicBool>,
}

impl Watched {
    /// The same store, by a way of its own, which fails alone.
    pub(crate) fn again(&self) -> Self {
        let guard = Watch { changes: Arc::clone(&self.guard.changes), ..Watch::default() };
        Self { store: self.store.clone(), guard }
    }

    /// How many tasks became done by each change that made some so.
    pub(crate) fn done_by_change(&self) -> Vec<usize> {
        let changes = self.guard.changes.lock().unwrap();
        changes
            .iter()
            .map(|change| change.markers.iter().filter(|marker| is_done(marker.task.phase)).count())
            .filter(|done| *done > 0)
            .collect()
    }

    /// How many markers the changes wrote that were accepted.
    pub(crate) fn markers_written(&self) -> usize {
        self.guard.changes.lock().unwrap().iter().map(|change| change.markers.len()).sum()
    }
}

impl Guard for Watch {
    fn write(&self, writes: &[Write]) -> Result<(), StoreError> {
        let is_lost = writes.iter().any(ends) && self.loses_an_end.swap(false, SeqCst);
        if is_lost { Err(away("writing")) } else { Ok(()) }
    }

    fn wrote(&self, writes: &[Write], outcomes: &[Outcome]) {
        for (write, outcome) in writes.iter().zip(outcomes) {
            if let (Write::Change(change), Outcome::Accepted) = (write, outcome) {
                self.changes.lock().unwrap().push(change.clone());
            }
        }
    }

    fn heartbeat(&self, _beats: &Heartbeats) -> Result<(), StoreError> {
        if self.is_deaf.load(SeqCst) { Err(away("renewing a lease")) } else { Ok(()) }
    }
}

fn is_done(phase: Phase) -> bool {
    matches!(phase, Phase::Done { .. })
}

fn ends(write: &Write) -> bool {
    matches!(write, Write::Change(change) if change.markers.iter().any(|marker| is_done(marker.task.phase)))
}
