//! Who waits for a run in this process, and what is told them.

use std::sync::Arc;

use dashmap::DashMap;
use stagemark_rules::Status;
use tokio::sync::watch;

use crate::RunId;

/// What was seen of a run.
#[derive(Clone, Debug)]
pub(crate) enum Seen {
    /// It moved on; how, the store and the attempts know.
    Moved,
    /// It ended.
    Ended(Arc<End>),
}

/// How a run ended.
#[derive(Clone, Debug)]
pub(crate) struct End {
    pub(crate) status: Status,
    /// Its result, as JSON, where it is ready.
    pub(crate) result: Option<Arc<str>>,
    /// Why it failed, as JSON, where it has.
    pub(crate) error: Option<Arc<str>>,
}

#[derive(Debug, Default)]
pub(crate) struct Interest {
    runs: DashMap<RunId, watch::Sender<Seen>>,
}

impl Interest {
    pub(crate) fn watch(self: &Arc<Self>, run: RunId) -> Watch {
        let seen = self.runs.entry(run).or_insert_with(|| watch::channel(Seen::Moved).0).subscribe();
        Watch { interest: Arc::clone(self), run, seen }
    }

    pub(crate) fn tell(&self, run: RunId, seen: Seen) {
        if let Some(watched) = self.runs.get(&run) {
            watched.send_modify(|last| {
                // The end is the last word, whatever late attempts still report.
                if !matches!(last, Seen::Ended(_)) {
                    *last = seen;
                }
            });
        }
    }

    pub(crate) fn runs(&self) -> Vec<RunId> {
        self.runs.iter().map(|entry| *entry.key()).collect()
    }
}

/// One who waits for a run.
#[derive(Debug)]
pub(crate) struct Watch {
    interest: Arc<Interest>,
    run: RunId,
    seen: watch::Receiver<Seen>,
}

impl Watch {
    pub(crate) fn end(&mut self) -> Option<Arc<End>> {
        match &*self.seen.borrow_and_update() {
            Seen::Ended(end) => Some(Arc::clone(end)),
            Seen::Moved => None,
        }
    }

    /// Waits until there is something new.
    pub(crate) async fn moved(&mut self) {
        // The sender lives as long as there is one who waits.
        let _ = self.seen.changed().await;
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.interest.runs.remove_if(&self.run, |_, seen| seen.receiver_count() <= 1);
    }
}
