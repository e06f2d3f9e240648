//! A run in memory: its state, what of it is stored, and the values that its steps made.
//!
//! [`Ledger::change`] turns the next state into the rows that must be written, and no others.

use std::{collections::BTreeMap, sync::Arc};

use stagemark_rules::{Phase, Run, Status, Task, TaskId, Timestamp, WorkerId, claimable, implied, restore};

use super::{
    interest::End,
    values::{self, Values},
};
use crate::{
    Priority, RunId,
    ports::{Change, Marker, QueueEntry, Record, RunRow},
    workflow::Plan,
};

/// What a run was submitted as.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    pub(crate) run: RunId,
    pub(crate) workflow: Arc<str>,
    pub(crate) version: u32,
    pub(crate) input: Arc<str>,
    pub(crate) priority: Priority,
    pub(crate) trace: Option<Arc<str>>,
}

#[derive(Debug)]
pub(crate) struct Ledger {
    pub(crate) origin: Origin,
    pub(crate) plan: Arc<Plan>,
    pub(crate) run: Run,
    pub(crate) revision: u64,
    holder: Option<WorkerId>,
    /// Why it failed, as JSON, if it has.
    error: Option<Arc<str>>,
    /// What is stored of each task that has a row.
    stored: BTreeMap<TaskId, Task>,
    notes: BTreeMap<TaskId, Note>,
    /// The items of lists that an `each` maps over, by node.
    lists: BTreeMap<u16, Vec<Arc<str>>>,
}

/// What is known of a task besides its state.
#[derive(Clone, Debug, Default)]
pub(crate) struct Note {
    pub(crate) started: Option<Timestamp>,
    pub(crate) finished: Option<Timestamp>,
    pub(crate) output: Option<Arc<str>>,
    pub(crate) error: Option<Arc<str>>,
    /// Whether the output was taken from what is kept.
    pub(crate) reused: bool,
    /// What the latest attempt keeps for the next.
    pub(crate) details: Option<Arc<str>>,
}

impl Ledger {
    /// A run that is being submitted: nothing of its tasks is stored.
    pub(crate) fn new(plan: Arc<Plan>, origin: Origin, run: Run, holder: Option<WorkerId>) -> Self {
        let (stored, notes, lists) = Default::default();
        Self { origin, plan, run, revision: 0, holder, error: None, stored, notes, lists }
    }

    /// A run as it was stored.
    pub(crate) fn of(plan: Arc<Plan>, mut record: Record) -> Self {
        let stored: Vec<_> = record.markers.iter().map(|marker| (marker.id, marker.task)).collect();
        let width = record.width.or_else(|| width_of(&plan, &record.input));
        let run = restore(&plan.shape, record.status, width, stored.clone(), record.holder);
        let mut notes: BTreeMap<_, _> =
            std::mem::take(&mut record.markers).into_iter().map(|marker| (marker.id, Note::of(marker))).collect();
        for beat in std::mem::take(&mut record.beats) {
            notes.entry(beat.id).or_default().details = beat.details;
        }
        let lists = BTreeMap::new();
        let stored = stored.into_iter().collect();
        let Record { id, workflow, version, revision, holder, input, priority, trace, error, .. } = record;
        let origin = Origin { run: id, workflow, version, input, priority, trace };
        Self { origin, plan, run, revision, holder, error, stored, notes, lists }
    }

    pub(crate) fn note(&mut self, id: TaskId) -> &mut Note {
        self.notes.entry(id).or_default()
    }

    /// Whether anything is stored of its tasks.
    pub(crate) fn has_rows(&self) -> bool {
        !self.stored.is_empty()
    }

    pub(crate) fn details(&self, id: TaskId) -> Option<Arc<str>> {
        self.notes.get(&id).and_then(|note| note.details.clone())
    }

    /// The rows that lead from what is stored to the next state.
    pub(crate) fn change(&self, next: &Run, worker: WorkerId, error: Option<Arc<str>>, now: Timestamp) -> Change {
        let holder = self.holder_of(next, worker);
        let held_on = holder.is_some() && holder == self.holder && next.status == self.run.status;
        let row = (!held_on).then(|| RunRow {
            status: next.status,
            holder,
            queue: if holder.is_some() { Vec::new() } else { self.queue(next) },
            outbox: Vec::new(),
            error,
            ended: next.status.has_ended().then_some(now),
        });
        let written = next.tasks.iter().filter(|(id, task)| self.must_be_written(next, *id, task, holder));
        let markers = written.map(|(id, task)| self.marker(*id, *task)).collect();
        Change {
            run: self.origin.run,
            revision: self.revision,
            row,
            markers,
            companions: Vec::new(),
            results: Vec::new(),
        }
    }

    /// Takes the next state as the stored one, once it is.
    pub(crate) fn adopt(&mut self, next: Run, change: Change) {
        self.stored.extend(change.markers.into_iter().map(|marker| (marker.id, marker.task)));
        if let Some(row) = change.row {
            self.revision += 1;
            self.holder = row.holder;
            self.error = row.error;
        }
        self.run = next;
    }

    /// The worker, if all that there is to do lies in its hands.
    fn holder_of(&self, next: &Run, worker: WorkerId) -> Option<WorkerId> {
        let mut leases = next.leased().peekable();
        let holds = leases.peek().is_some() && leases.all(|(_, holder, _)| holder == worker);
        let offered = || claimable(&self.plan.shape, next).next().is_some();
        (!next.status.has_ended() && holds && !offered()).then_some(worker)
    }

    /// The places in the queue: one for each node with something to do.
    fn queue(&self, next: &Run) -> Vec<QueueEntry> {
        let mut queue: Vec<QueueEntry> = Vec::new();
        for (id, due) in claimable(&self.plan.shape, next) {
            match queue.last_mut() {
                Some(entry) if entry.node == id.node => entry.due = entry.due.min(due),
                _ => queue.push(QueueEntry { node: id.node, due }),
            }
        }
        queue
    }

    fn must_be_written(&self, next: &Run, id: TaskId, task: &Task, holder: Option<WorkerId>) -> bool {
        match self.stored.get(&id) {
            Some(stored) => stored != task,
            None => task.phase != Phase::Dropped && *task != implied(&self.plan.shape, next, id, holder),
        }
    }

    fn marker(&self, id: TaskId, task: Task) -> Marker {
        let note = self.notes.get(&id).cloned().unwrap_or_default();
        let Note { started, finished, output, error, reused, .. } = note;
        Marker { id, task, started, finished, output, error, reused }
    }

    /// The input of a task, as JSON.
    pub(crate) fn input_of(&mut self, id: TaskId) -> Result<Arc<str>, serde_json::Error> {
        let node = &self.plan.shape.nodes()[usize::from(id.node)];
        let from = node.inputs[0];
        if node.kind != stagemark_rules::Kind::Each {
            return Ok(self.value_of(from));
        }
        if !self.lists.contains_key(&from) {
            let items = values::items(&self.value_of(from))?;
            self.lists.insert(from, items);
        }
        Ok(Arc::clone(&self.lists[&from][id.item as usize]))
    }

    /// How the run ended, once it has.
    pub(crate) fn end(&self) -> End {
        let status = self.run.status;
        let result = (status == Status::Ready).then(|| self.value_of(self.plan.output));
        End { status, result, error: self.error.clone() }
    }

    fn value_of(&self, node: u16) -> Arc<str> {
        let output = |id: TaskId| self.notes.get(&id).and_then(|note| note.output.clone());
        Values { shape: &self.plan.shape, input: &self.origin.input, run: &self.run, output: &output }.of(node)
    }

    pub(crate) fn status(&self) -> Status {
        self.run.status
    }
}

/// How many items the input has, for a run that was submitted where its graph is not known.
fn width_of(plan: &Plan, input: &str) -> Option<u32> {
    plan.shape.is_mapped(0).then(|| values::width(input).ok()).flatten()
}

impl Note {
    fn of(marker: Marker) -> Self {
        let Marker { started, finished, output, error, reused, .. } = marker;
        Self { started, finished, output, error, reused, details: None }
    }
}
