//! A batch of submissions and changes as one statement: the rows of each table in columns.
//!
//! The statement fences by itself: markers and rows are written only at the revision that they were decided on, and
//! unless all are, it fails as a whole.

use stagemark::{
    Timestamp,
    ports::{Change, Hint, Marker, NewRun, QueueEntry, RunRow, Write},
};
use uuid::Uuid;

use super::{
    call::{Call, Column, Form},
    statement::Statement,
    values::{PhaseColumns, integer_of, long_of, moment_of, worker_of},
};
use crate::convert::{pass_number, status_number};

type Uuids = Vec<Option<Uuid>>;
type Longs = Vec<Option<i64>>;
type Integers = Vec<Option<i32>>;
type Texts<'a> = Vec<Option<&'a str>>;

/// The rows of a batch, by table.
#[derive(Default)]
pub(super) struct Batch<'a> {
    runs: Runs<'a>,
    markers: Markers<'a>,
    rows: Rows<'a>,
    /// Places of runs that are submitted, and of those that change.
    places: [Places; 2],
    hints: [Hints<'a>; 2],
    /// Those of the changed runs that have ended.
    ended: Vec<Uuid>,
}

#[derive(Default)]
pub(super) struct Runs<'a> {
    pub(super) id: Uuids,
    pub(super) holder: Uuids,
    pub(super) submitted: Longs,
    pub(super) version: Integers,
    pub(super) width: Integers,
    pub(super) status: Vec<i16>,
    pub(super) priority: Vec<i16>,
    pub(super) workflow: Texts<'a>,
    pub(super) key: Texts<'a>,
    pub(super) trace: Texts<'a>,
    pub(super) input: Texts<'a>,
}

#[derive(Default)]
pub(super) struct Markers<'a> {
    pub(super) run: Uuids,
    pub(super) revision: Longs,
    pub(super) started: Longs,
    pub(super) finished: Longs,
    pub(super) due: Longs,
    pub(super) attempt: Longs,
    pub(super) node: Integers,
    pub(super) item: Integers,
    pub(super) released: Integers,
    pub(super) width: Integers,
    pub(super) phase: Vec<i16>,
    pub(super) worker: Uuids,
    pub(super) output: Texts<'a>,
    pub(super) error: Texts<'a>,
    pub(super) pass: Integers,
    pub(super) reused: Vec<Option<bool>>,
}

#[derive(Default)]
pub(super) struct Rows<'a> {
    pub(super) id: Uuids,
    pub(super) revision: Longs,
    pub(super) status: Vec<i16>,
    pub(super) holder: Uuids,
    pub(super) ended: Longs,
    pub(super) error: Texts<'a>,
}

#[derive(Default)]
pub(super) struct Places {
    pub(super) run: Uuids,
    pub(super) node: Integers,
    pub(super) due: Longs,
}

#[derive(Default)]
pub(super) struct Hints<'a> {
    pub(super) run: Uuids,
    pub(super) node: Integers,
    pub(super) pool: Texts<'a>,
}

const NEW: usize = 0;
const CHANGED: usize = 1;

impl<'a> Batch<'a> {
    /// The rows of writes. Of two that meet others' writes, all batches take the rows in one order, lest each waits for
    /// the other: runs by id, and keys by name.
    pub(super) fn of(writes: impl IntoIterator<Item = &'a Write>) -> Self {
        let (mut runs, mut changes) = (Vec::new(), Vec::new());
        for write in writes {
            match write {
                Write::Submit(run) => runs.push(run),
                Write::Change(change) => changes.push(change),
            }
        }
        runs.sort_by_key(|run| (&run.workflow, &run.key));
        changes.sort_unstable_by_key(|change| change.run);
        let mut batch = Self::default();
        for run in runs {
            batch.submit(run);
        }
        for change in changes {
            batch.change(change);
        }
        batch
    }

    fn submit(&mut self, run: &'a NewRun) {
        let id = run.id.uuid();
        let runs = &mut self.runs;
        runs.id.push(Some(id));
        runs.holder.push(run.holder.map(worker_of));
        runs.submitted.push(Some(moment_of(run.submitted)));
        runs.version.push(Some(integer_of(run.version)));
        runs.width.push(run.width.map(integer_of));
        runs.status.push(status_number(run.status));
        runs.priority.push(i16::from(run.priority.number()));
        runs.workflow.push(Some(&run.workflow));
        runs.key.push(run.key.as_deref());
        runs.trace.push(run.trace.as_deref());
        runs.input.push(Some(&run.input));
        self.queue(NEW, id, &run.queue);
        self.announce(NEW, &run.outbox);
    }

    fn change(&mut self, change: &'a Change) {
        let id = change.run.uuid();
        for marker in &change.markers {
            self.markers.push(id, change.revision, marker);
        }
        if let Some(row) = &change.row {
            self.rows.push(id, change.revision, row);
            self.ended.extend(row.status.has_ended().then_some(id));
            self.queue(CHANGED, id, &row.queue);
            self.announce(CHANGED, &row.outbox);
        }
    }

    fn queue(&mut self, kind: usize, run: Uuid, queue: &[QueueEntry]) {
        for entry in queue {
            let places = &mut self.places[kind];
            places.run.push(Some(run));
            places.node.push(Some(i32::from(entry.node)));
            places.due.push(Some(moment_of(entry.due)));
        }
    }

    fn announce(&mut self, kind: usize, hints: &'a [Hint]) {
        for hint in hints {
            let table = &mut self.hints[kind];
            table.run.push(Some(hint.run.uuid()));
            table.node.push(Some(i32::from(hint.node)));
            table.pool.push(Some(&hint.pool));
        }
    }

    /// How many runs are submitted.
    pub(super) fn submissions(&self) -> usize {
        self.runs.id.len()
    }

    /// Whether it is one marker, as it nearly always is where few runs are in flight.
    pub(super) fn is_single_marker(&self) -> bool {
        self.markers.run.len() == 1 && self.rows.id.is_empty() && self.runs.id.is_empty()
    }

    /// The call that writes a single marker. It answers with a row if it was written.
    pub(super) fn single_marker(self) -> Call<'a> {
        let mut statement = Statement::new(Form::Arrays);
        statement.mark(self.markers);
        statement.alone()
    }

    /// The call that writes all of it. It answers with the ids of the runs that were made, where these are not all.
    pub(super) fn call(self, form: Form) -> Call<'a> {
        let mut statement = Statement::new(form);
        let made = self.runs.id.len();
        statement.submit(self.runs);
        let marked = self.markers.run.len();
        statement.mark(self.markers);
        if marked > 0 {
            statement.expect("marked", marked);
        }
        let changed = self.rows.id.iter().flatten().copied().collect();
        statement.change(self.rows);
        statement.clear(changed, self.ended);
        let ([new_places, places], [new_hints, hints]) = (self.places, self.hints);
        statement.queue_new(new_places);
        statement.queue(places);
        statement.announce(new_hints, "WHERE run IN (SELECT id FROM made)");
        statement.announce(hints, "");
        statement.finish(made)
    }
}

impl<'a> Markers<'a> {
    fn push(&mut self, run: Uuid, revision: u64, marker: &'a Marker) {
        let phase = PhaseColumns::of(marker.task.phase);
        let moment = |moment: Option<Timestamp>| moment.map(moment_of);
        self.run.push(Some(run));
        self.revision.push(Some(long_of(revision)));
        self.started.push(moment(marker.started));
        self.finished.push(moment(marker.finished));
        self.due.push(phase.due);
        self.attempt.push(Some(i64::from(marker.task.attempt)));
        self.node.push(Some(i32::from(marker.id.node)));
        self.item.push(Some(integer_of(marker.id.item)));
        self.released.push(Some(integer_of(marker.task.released)));
        self.width.push(phase.width);
        self.phase.push(phase.phase);
        self.worker.push(phase.worker);
        self.output.push(marker.output.as_deref());
        self.error.push(marker.error.as_deref());
        self.pass.push(pass_number(marker.task.fusion).map(i32::from));
        self.reused.push(marker.reused.then_some(true));
    }
}

impl<'a> Rows<'a> {
    fn push(&mut self, id: Uuid, revision: u64, row: &'a RunRow) {
        self.id.push(Some(id));
        self.revision.push(Some(long_of(revision)));
        self.status.push(status_number(row.status));
        self.holder.push(row.holder.map(worker_of));
        self.ended.push(row.ended.map(moment_of));
        self.error.push(row.error.as_deref());
    }
}

impl Places {
    pub(super) fn columns(self) -> [(&'static str, Column<'static>); 3] {
        [("run", Column::Uuids(self.run)), ("node", Column::Integers(self.node)), ("due", Column::Longs(self.due))]
    }
}
