//! Runs in memory.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use stagemark_rules::{Phase, TaskId, Timestamp, WorkerId};

use super::results::Shelf;
use crate::{
    RunId,
    driver::clock,
    ports::{
        Change, Claim, Claimed, Filter, Heartbeats, HeldBeat, Hint, Marker, NewRun, Outbox, Outcome, QueueEntry,
        Record, Renewed, ScheduleRow, Served, Store, StoreError, Submitted, Summary, Write,
    },
};

/// Keeps runs in memory; clones share them, as several processes share a database.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use stagemark::{Engine, MemoryStore};
///
/// let store = MemoryStore::new();
/// let first = Engine::builder(store.clone()).start().await?;
/// let second = Engine::builder(store).start().await?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Default)]
pub struct MemoryStore {
    tables: Arc<Mutex<Tables>>,
}

#[derive(Debug, Default)]
pub(super) struct Tables {
    pub(super) runs: BTreeMap<RunId, Row>,
    keys: HashMap<(Arc<str>, String), RunId>,
    pub(super) workers: HashMap<WorkerId, Timestamp>,
    pub(super) shelf: Shelf,
    graphs: HashMap<(String, u32), String>,
    pub(super) schedules: BTreeMap<Arc<str>, ScheduleRow>,
    /// In the order in which they were written.
    pub(super) outbox: Vec<(Timestamp, Hint)>,
}

#[derive(Debug)]
pub(super) struct Row {
    /// Without markers and heartbeats.
    pub(super) record: Record,
    markers: BTreeMap<TaskId, Marker>,
    beats: BTreeMap<TaskId, HeldBeat>,
    pub(super) queue: Vec<QueueEntry>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    pub(super) fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn write(&self, writes: &[Write]) -> Result<Vec<Outcome>, StoreError> {
        let mut outcomes = Vec::with_capacity(writes.len());
        for write in writes {
            outcomes.push(match write {
                Write::Submit(run) => self.tables().submit(run),
                Write::Change(change) => match spoiled(change).await {
                    None => self.tables().change(change),
                    Some(outcome) => outcome,
                },
            });
        }
        Ok(outcomes)
    }

    async fn claim(&self, claim: &Claim) -> Result<Claimed, StoreError> {
        let mut tables = self.tables();
        let mut found: Vec<RunId> = claim.served.iter().flat_map(|served| tables.due(served, claim)).collect();
        let (lapsed_runs, lapsed) = tables.lapsed(claim);
        found.extend(lapsed_runs);
        let mut seen = HashSet::new();
        found.retain(|run| seen.insert(*run));
        let runs = found.iter().map(|run| tables.runs[run].record()).collect();
        Ok(Claimed { runs, lapsed, next_due: tables.next_due(claim) })
    }

    async fn load(&self, runs: &[RunId]) -> Result<Vec<Record>, StoreError> {
        let tables = self.tables();
        Ok(runs.iter().filter_map(|run| tables.runs.get(run)).map(Row::record).collect())
    }

    async fn heartbeat(&self, beats: &Heartbeats) -> Result<Renewed, StoreError> {
        let mut tables = self.tables();
        if beats.until < beats.now {
            tables.workers.remove(&beats.worker);
        } else {
            tables.workers.insert(beats.worker, beats.until);
        }
        for (run, beat) in &beats.beats {
            let Some(row) = tables.runs.get_mut(run) else { continue };
            if row.beats.get(&beat.id).is_none_or(|stored| stored.attempt <= beat.attempt) {
                row.beats.insert(beat.id, beat.clone());
            }
        }
        let is_live = |run: &RunId| tables.runs.get(run).is_some_and(|row| !row.record.status.has_ended());
        let ended = beats.watching.iter().filter(|run| !is_live(run)).copied().collect();
        Ok(Renewed { ended, now: clock::system() })
    }

    async fn list(&self, filter: &Filter) -> Result<Vec<Summary>, StoreError> {
        let tables = self.tables();
        let rows = tables.runs.values().filter(|row| filter.ended || !row.record.status.has_ended());
        Ok(rows.take(filter.limit as usize).map(|row| tables.summary(row, filter.now)).collect())
    }

    async fn graph(&self, workflow: &str, version: u32, proposed: Option<&str>) -> Result<Option<String>, StoreError> {
        let graphs = &mut self.tables().graphs;
        let key = (workflow.to_owned(), version);
        Ok(match proposed {
            Some(graph) => Some(graphs.entry(key).or_insert_with(|| graph.to_owned()).clone()),
            None => graphs.get(&key).cloned(),
        })
    }
}

#[async_trait]
impl Outbox for MemoryStore {
    async fn unsent(&self, before: Timestamp, limit: u32) -> Result<Vec<Hint>, StoreError> {
        let tables = self.tables();
        let unsent = tables.outbox.iter().filter(|(written, _)| *written < before).take(limit as usize);
        Ok(unsent.map(|(_, hint)| hint.clone()).collect())
    }

    async fn sent(&self, hints: &[Hint]) -> Result<(), StoreError> {
        self.tables().outbox.retain(|(_, hint)| !hints.iter().any(|sent| is_same(sent, hint)));
        Ok(())
    }
}

fn is_same(one: &Hint, other: &Hint) -> bool {
    (one.run, one.node) == (other.run, other.node)
}

/// What becomes of a change whose companions cannot write: there is no transaction that they could write in, so only
/// those succeed that need none.
async fn spoiled(change: &Change) -> Option<Outcome> {
    for (task, companion) in &change.companions {
        if let Err(error) = companion.write(&()).await {
            return Some(Outcome::Spoiled { task: *task, permanent: error.is_permanent(), chain: error.chain() });
        }
    }
    None
}

impl Tables {
    fn submit(&mut self, run: &NewRun) -> Outcome {
        let key = run.key.clone().map(|key| (Arc::clone(&run.workflow), key));
        if let Some(first) = key.as_ref().and_then(|key| self.keys.get(key)) {
            let input = Arc::clone(&self.runs[first].record.input);
            return Outcome::Existing(Submitted { id: *first, input });
        }
        if self.runs.contains_key(&run.id) {
            return Outcome::Refused;
        }
        self.keys.extend(key.map(|key| (key, run.id)));
        self.runs.insert(run.id, Row::new(run));
        self.announce(&run.outbox);
        Outcome::Accepted
    }

    /// Removes a run, its key and what was to be told of it.
    pub(super) fn remove(&mut self, run: RunId) {
        self.runs.remove(&run);
        self.keys.retain(|_, first| *first != run);
        self.outbox.retain(|(_, hint)| hint.run != run);
    }

    fn change(&mut self, change: &Change) -> Outcome {
        let Some(row) = self.runs.get_mut(&change.run) else { return Outcome::Refused };
        let is_late = |marker: &Marker| {
            row.markers.get(&marker.id).is_some_and(|stored| {
                stored.task.attempt > marker.task.attempt || matches!(stored.task.phase, Phase::Done { .. })
            })
        };
        if row.record.revision != change.revision || change.markers.iter().any(is_late) {
            return Outcome::Refused;
        }
        row.markers.extend(change.markers.iter().map(|marker| (marker.id, marker.clone())));
        self.shelf.keep(&change.results);
        if let Some(new) = &change.row {
            row.record.revision += 1;
            (row.record.status, row.record.holder, row.record.ended) = (new.status, new.holder, new.ended);
            row.record.error.clone_from(&new.error);
            row.queue.clone_from(&new.queue);
            self.announce(&new.outbox);
        }
        Outcome::Accepted
    }

    fn announce(&mut self, hints: &[Hint]) {
        self.outbox.retain(|(_, written)| !hints.iter().any(|hint| is_same(hint, written)));
        let now = clock::system();
        self.outbox.extend(hints.iter().map(|hint| (now, hint.clone())));
    }

    /// The runs that are due at a node; their places are reserved.
    fn due(&mut self, served: &Served, claim: &Claim) -> Vec<RunId> {
        let is_asked_for = |row: &Row| claim.hinted.is_empty() || claim.hinted.contains(&row.record.id);
        let rows = self.runs.values_mut().filter(|row| row.is_of(served) && is_asked_for(row));
        let places = rows.flat_map(|row| {
            let (id, priority) = (row.record.id, row.record.priority);
            row.queue.iter_mut().map(move |entry| (Reverse(priority), id, entry))
        });
        let is_due = |entry: &QueueEntry| entry.node == served.node && entry.due <= claim.now;
        let mut due: Vec<_> = places.filter(|(_, _, entry)| is_due(entry)).collect();
        due.sort_by_key(|(priority, id, entry)| (*priority, entry.due, *id));
        due.truncate(served.room as usize);
        due.into_iter()
            .map(|(_, id, entry)| {
                entry.due = claim.reserved;
                id
            })
            .collect()
    }

    /// The runs whose workers have lapsed, and these workers.
    fn lapsed(&self, claim: &Claim) -> (Vec<RunId>, Vec<WorkerId>) {
        let is_lapsed = |worker: &WorkerId| *worker != claim.worker && !self.is_live(*worker, claim.now);
        let (mut runs, mut workers) = (Vec::new(), HashSet::new());
        let live = self.runs.values().filter(|row| !row.record.status.has_ended());
        for row in live.filter(|row| claim.served.iter().any(|served| row.is_of(served))) {
            let gone: Vec<_> = row.workers().into_iter().filter(is_lapsed).collect();
            if !gone.is_empty() && runs.len() < claim.lapsed as usize {
                runs.push(row.record.id);
                workers.extend(gone);
            }
        }
        (runs, workers.into_iter().collect())
    }

    fn next_due(&self, claim: &Claim) -> Option<Timestamp> {
        let served = |row: &Row, entry: &QueueEntry| {
            claim.served.iter().any(|served| served.room > 0 && served.node == entry.node && row.is_of(served))
        };
        let places = self.runs.values().flat_map(|row| row.queue.iter().filter(move |entry| served(row, entry)));
        places.map(|entry| entry.due).filter(|due| *due > claim.now).min()
    }

    fn is_live(&self, worker: WorkerId, now: Timestamp) -> bool {
        self.workers.get(&worker).is_some_and(|until| *until >= now)
    }

    fn summary(&self, row: &Row, now: Timestamp) -> Summary {
        let Record { id, workflow, version, status, holder, .. } = row.record();
        let leases = row.workers().into_iter().filter(|worker| self.is_live(*worker, now)).count();
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Summary { id, workflow, version, status, holder, leases: count(leases), queued: count(row.queue.len()) }
    }
}

impl Row {
    fn new(run: &NewRun) -> Self {
        let record = Record {
            id: run.id,
            workflow: Arc::clone(&run.workflow),
            version: run.version,
            input: Arc::clone(&run.input),
            width: run.width,
            priority: run.priority,
            trace: run.trace.clone(),
            status: run.status,
            revision: 0,
            holder: run.holder,
            error: None,
            submitted: run.submitted,
            ended: None,
            markers: Vec::new(),
            beats: Vec::new(),
        };
        Self { record, markers: BTreeMap::new(), beats: BTreeMap::new(), queue: run.queue.clone() }
    }

    fn record(&self) -> Record {
        let (markers, beats) = (self.markers.values().cloned().collect(), self.beats.values().cloned().collect());
        Record { markers, beats, ..self.record.clone() }
    }

    /// The outputs that were taken instead of made.
    pub(super) fn taken(&self) -> impl Iterator<Item = Arc<str>> + '_ {
        self.markers.values().filter(|marker| marker.reused).filter_map(|marker| marker.output.clone())
    }

    fn is_of(&self, served: &Served) -> bool {
        self.record.workflow == served.workflow && self.record.version == served.version
    }

    /// Who holds it or tries a task of it.
    fn workers(&self) -> HashSet<WorkerId> {
        let leased = self.markers.values().filter_map(|marker| match marker.task.phase {
            Phase::Leased { worker } => Some(worker),
            _ => None,
        });
        leased.chain(self.record.holder).collect()
    }
}
