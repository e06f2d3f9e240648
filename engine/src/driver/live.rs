//! Live progress: tells readers on other hosts how the runs of this worker stand, a few times a second at most, and
//! spares the database what only they want to know.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use dashmap::DashMap;
use stagemark_rules::Status;
use tokio::time::{Instant, sleep};

use super::{Driver, aid::Aid, clock, heart::held};
use crate::{
    RunId,
    ports::{Glimpse, HeldBeat, Live, News, Record, Standing},
};

/// How often news is told: of each run at most this often.
pub(crate) const TOLD: Duration = Duration::from_millis(250);
/// How often all is told again, so that what was forgotten comes back.
const TOLD_AGAIN: Duration = Duration::from_secs(10);
/// How long what was told is seen.
const SEEN_FOR: Duration = Duration::from_mins(10);
/// How many runs are told of at a time.
const RUNS_MAX: usize = 256;

/// The way to the readers of other hosts.
#[derive(Debug)]
pub(crate) struct Reporter {
    live: Aid<dyn Live>,
    /// The runs that moved on since the last news, and how they stand.
    moved: DashMap<RunId, Status>,
    stamps: AtomicU64,
}

impl Reporter {
    pub(crate) fn new(live: Arc<dyn Live>) -> Self {
        let live = Aid::new(live, "live progress", "progress is kept in the database meanwhile");
        // By the clock, so that other workers have other stamps.
        let stamps = AtomicU64::new(clock::system().0.saturating_mul(1024));
        Self { live, moved: DashMap::new(), stamps }
    }

    /// Something of a run was committed.
    pub(super) fn moved(&self, run: RunId, status: Status) {
        self.moved.insert(run, status);
    }

    /// Whether what was reported is seen elsewhere.
    pub(super) fn is_seen(&self) -> bool {
        self.live.answers()
    }

    /// What was told of a run.
    pub(crate) async fn look(&self, run: RunId) -> Option<Glimpse> {
        self.live.ask(self.live.port.look(run)).await
    }

    /// The runs that moved on since the last call. Those that begin and end between two calls are nobody's news.
    fn take_moved(&self, told: &mut HashMap<RunId, Status>) -> Vec<(RunId, Status)> {
        let moved: Vec<RunId> = self.moved.iter().map(|entry| *entry.key()).collect();
        let mut news = Vec::new();
        for (run, status) in moved.into_iter().filter_map(|run| self.moved.remove(&run)) {
            let known = if status.has_ended() { told.remove(&run) } else { told.insert(run, status) };
            if known.is_some() || !status.has_ended() {
                news.push((run, status));
            }
        }
        news
    }

    fn news(&self, standings: Vec<(RunId, Status)>, beats: Vec<(RunId, HeldBeat)>) -> Vec<News> {
        let mut news: HashMap<RunId, News> = HashMap::new();
        let none = |run| News { run, standing: None, beats: Vec::new() };
        for (run, status) in standings {
            let stamp = self.stamps.fetch_add(1, Relaxed);
            news.entry(run).or_insert_with(|| none(run)).standing = Some(Standing { status, stamp });
        }
        for (run, beat) in beats {
            news.entry(run).or_insert_with(|| none(run)).beats.push(beat);
        }
        news.into_values().collect()
    }
}

/// Tells the news until the worker is at its end.
pub(super) async fn tell(driver: Arc<Driver>) {
    let Some(reporter) = &driver.live else { return };
    let mut told = HashMap::new();
    let mut told_all = Instant::now();
    loop {
        let over = tokio::select! {
            () = driver.over.cancelled() => true,
            () = sleep(TOLD) => false,
        };
        let again = told_all.elapsed() >= TOLD_AGAIN;
        let mut standings = reporter.take_moved(&mut told);
        if again {
            told_all = Instant::now();
            told.retain(|run, _| driver.active.contains_key(run));
            standings = told.iter().map(|(run, status)| (*run, *status)).chain(standings).collect();
        }
        for news in reporter.news(standings, driver.untold(again)).chunks(RUNS_MAX) {
            reporter.live.ask(reporter.live.port.tell(news, SEEN_FOR)).await;
        }
        if over {
            return;
        }
    }
}

impl Driver {
    /// What was heard and not told yet, or all.
    fn untold(&self, all: bool) -> Vec<(RunId, HeldBeat)> {
        let heard = self.reporting.iter().filter_map(|entry| {
            let attempt = entry.value();
            let beat = attempt.take_untold(all)?;
            Some((attempt.run(), HeldBeat { details: None, ..held(attempt, &beat) }))
        });
        heard.collect()
    }

    /// What is told of a run that is carried on elsewhere.
    pub(crate) async fn glimpse(&self, record: &Record) -> Option<Glimpse> {
        if record.status.has_ended() || self.active.contains_key(&record.id) {
            return None;
        }
        self.live.as_ref()?.look(record.id).await
    }
}

/// The record as it is read, with what was reported since.
pub(crate) fn updated(record: &Record, glimpse: &Glimpse) -> Record {
    let mut record = record.clone();
    for beat in &glimpse.beats {
        match record.beats.iter_mut().find(|stored| stored.id == beat.id) {
            Some(stored) if stored.attempt <= beat.attempt => *stored = beat.clone(),
            Some(_) => {}
            None => record.beats.push(beat.clone()),
        }
    }
    record
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryLive;

    #[test]
    fn runs_that_begin_and_end_between_two_news_are_nobody_s_news() {
        let (reporter, mut told) = (Reporter::new(Arc::new(MemoryLive::new())), HashMap::new());
        let (short, long) = (RunId::new(), RunId::new());

        reporter.moved(short, Status::Running);
        reporter.moved(long, Status::Running);
        reporter.moved(short, Status::Ready);
        assert_eq!(reporter.take_moved(&mut told), [(long, Status::Running)]);

        reporter.moved(long, Status::Ready);
        assert_eq!(reporter.take_moved(&mut told), [(long, Status::Ready)]);
        assert!(told.is_empty() && reporter.take_moved(&mut told).is_empty());
    }

    #[test]
    fn each_change_has_a_stamp_of_its_own() {
        let (reporter, run) = (Reporter::new(Arc::new(MemoryLive::new())), RunId::new());
        let stamp = || reporter.news(vec![(run, Status::Running)], Vec::new())[0].standing.unwrap().stamp;

        assert_ne!(stamp(), stamp());
    }
}
