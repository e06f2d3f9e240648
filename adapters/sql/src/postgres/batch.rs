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
    values::{PhaseColumns, integer_of, long_of, moment_of, worker_of},
};
use crate::convert::status_number;

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
struct Runs<'a> {
    id: Uuids,
    holder: Uuids,
    submitted: Longs,
    version: Integers,
    width: Integers,
    status: Vec<i16>,
    priority: Vec<i16>,
    workflow: Texts<'a>,
    key: Texts<'a>,
    trace: Texts<'a>,
    input: Texts<'a>,
}

#[derive(Default)]
struct Markers<'a> {
    run: Uuids,
    revision: Longs,
    started: Longs,
    finished: Longs,
    due: Longs,
    attempt: Longs,
    node: Integers,
    item: Integers,
    released: Integers,
    width: Integers,
    phase: Vec<i16>,
    worker: Uuids,
    output: Texts<'a>,
    error: Texts<'a>,
}

#[derive(Default)]
struct Rows<'a> {
    id: Uuids,
    revision: Longs,
    status: Vec<i16>,
    holder: Uuids,
    ended: Longs,
    error: Texts<'a>,
}

#[derive(Default)]
struct Places {
    run: Uuids,
    node: Integers,
    due: Longs,
}

#[derive(Default)]
struct Hints<'a> {
    run: Uuids,
    node: Integers,
    pool: Texts<'a>,
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

    /// The call that writes all of it. It answers with the ids of the runs that were made, where these are not all.
    pub(super) fn call(self, form: Form) -> Call<'a> {
        let mut statement = Statement { call: Call::new(form), parts: Vec::new(), check: Vec::new() };
        let made = self.runs.id.len();
        statement.submit(self.runs);
        statement.mark(self.markers);
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

/// The statement of a batch while it is put together: it has a part for each kind of row that there is.
struct Statement<'a> {
    call: Call<'a>,
    parts: Vec<String>,
    /// What must be true, or all is taken back.
    check: Vec<String>,
}

impl<'a> Statement<'a> {
    fn submit(&mut self, runs: Runs<'a>) {
        if runs.id.is_empty() {
            return;
        }
        let rows = self.call.rows(
            "new",
            [
                ("id", Column::Uuids(runs.id)),
                ("holder", Column::Uuids(runs.holder)),
                ("submitted", Column::Longs(runs.submitted)),
                ("version", Column::Integers(runs.version)),
                ("width", Column::Integers(runs.width)),
                ("status", Column::Shorts(runs.status)),
                ("priority", Column::Shorts(runs.priority)),
                ("workflow", Column::Texts(runs.workflow)),
                ("key", Column::Texts(runs.key)),
                ("trace", Column::Texts(runs.trace)),
                ("input", Column::Texts(runs.input)),
            ],
        );
        self.parts.push(format!(
            "made AS (INSERT INTO stagemark_run
                (id, holder, submitted, version, width, status, priority, workflow, key, trace, input, revision)
            SELECT id, holder, submitted, version, width, status, priority, workflow, key, trace, input, 0 FROM {rows}
            ON CONFLICT DO NOTHING RETURNING id, workflow, version, priority)"
        ));
    }

    /// Of a marker only what is newer than the stored one, and only at the revision that it was decided on. The run is
    /// locked, so that its revision stays until the commit.
    fn mark(&mut self, markers: Markers<'a>) {
        if markers.run.is_empty() {
            return;
        }
        let count = markers.run.len();
        let rows = self.call.rows(
            "new",
            [
                ("run", Column::Uuids(markers.run)),
                ("at", Column::Longs(markers.revision)),
                ("started", Column::Longs(markers.started)),
                ("finished", Column::Longs(markers.finished)),
                ("due", Column::Longs(markers.due)),
                ("attempt", Column::Longs(markers.attempt)),
                ("node", Column::Integers(markers.node)),
                ("item", Column::Integers(markers.item)),
                ("released", Column::Integers(markers.released)),
                ("wide", Column::Integers(markers.width)),
                ("phase", Column::Shorts(markers.phase)),
                ("worker", Column::Uuids(markers.worker)),
                ("output", Column::Texts(markers.output)),
                ("failure", Column::Texts(markers.error)),
            ],
        );
        self.parts.push(format!(
            "marked AS (INSERT INTO stagemark_marker AS stored (run, started, finished, due, attempt, node, item,
                released, width, phase, worker, output, error)
            SELECT new.run, new.started, new.finished, new.due, new.attempt, new.node, new.item, new.released, new.wide,
                new.phase, new.worker, new.output, new.failure
            FROM {rows} JOIN stagemark_run AS held ON held.id = new.run AND held.revision = new.at
            FOR NO KEY UPDATE OF held
            ON CONFLICT (run, node, item) DO UPDATE SET started = excluded.started, finished = excluded.finished,
                due = excluded.due, attempt = excluded.attempt, released = excluded.released, width = excluded.width,
                phase = excluded.phase, worker = excluded.worker, output = excluded.output, error = excluded.error
            WHERE stored.phase <> 2 AND stored.attempt <= excluded.attempt
            RETURNING 1)"
        ));
        self.expect("marked", count);
    }

    /// After the markers, which are fenced by the revision that their runs had before.
    fn change(&mut self, changed: Rows<'a>) {
        if changed.id.is_empty() {
            return;
        }
        let count = changed.id.len();
        let rows = self.call.rows(
            "new",
            [
                ("id", Column::Uuids(changed.id)),
                ("at", Column::Longs(changed.revision)),
                ("status", Column::Shorts(changed.status)),
                ("holder", Column::Uuids(changed.holder)),
                ("ended", Column::Longs(changed.ended)),
                ("error", Column::Texts(changed.error)),
            ],
        );
        let after = if self.check.is_empty() { "" } else { "(SELECT count(*) FROM marked) >= 0 AND" };
        self.parts.push(format!(
            "changed AS (UPDATE stagemark_run AS run SET revision = run.revision + 1, status = new.status,
                holder = new.holder, ended = new.ended, error = new.error
            FROM {rows} WHERE {after} run.id = new.id AND run.revision = new.at
            RETURNING 1)"
        ));
        self.expect("changed", count);
    }

    fn expect(&mut self, part: &str, count: usize) {
        let count = self.call.long(i64::try_from(count).unwrap_or(i64::MAX));
        self.check.push(format!("(SELECT count(*) FROM {part}) = {count}"));
    }

    /// Takes runs out of the queue, and drops what was heard of those that have ended.
    fn clear(&mut self, changed: Vec<Uuid>, ended: Vec<Uuid>) {
        if !changed.is_empty() {
            let ids = self.call.ids(changed);
            self.parts.push(format!("cleared AS (DELETE FROM stagemark_queue WHERE run = ANY ({ids}) RETURNING 1)"));
        }
        if !ended.is_empty() {
            let ids = self.call.ids(ended);
            self.parts
                .push(format!("silenced AS (DELETE FROM stagemark_heartbeat WHERE run = ANY ({ids}) RETURNING 1)"));
        }
    }

    /// Queues those of the new runs that were made.
    fn queue_new(&mut self, places: Places) {
        if places.run.is_empty() {
            return;
        }
        let rows = self.call.rows("place", places.columns());
        self.parts.push(format!(
            "queued_new AS (INSERT INTO stagemark_queue (run, due, node, version, priority, workflow)
            SELECT place.run, place.due, place.node, made.version, made.priority, made.workflow
            FROM {rows} JOIN made ON made.id = place.run)"
        ));
    }

    /// Queues runs that were there before, after their earlier places are gone.
    fn queue(&mut self, places: Places) {
        if places.run.is_empty() {
            return;
        }
        let rows = self.call.rows("place", places.columns());
        self.parts.push(format!(
            "queued AS (INSERT INTO stagemark_queue (run, due, node, version, priority, workflow)
            SELECT place.run, place.due, place.node, known.version, known.priority, known.workflow
            FROM {rows} JOIN stagemark_run AS known ON known.id = place.run
            WHERE (SELECT count(*) FROM cleared) >= 0)"
        ));
    }

    /// A hint of a place takes the place of the earlier one.
    fn announce(&mut self, hints: Hints<'a>, only: &str) {
        if hints.run.is_empty() {
            return;
        }
        let part = format!("announced{}", self.parts.len());
        let rows = self.call.rows(
            "hint",
            [
                ("run", Column::Uuids(hints.run)),
                ("node", Column::Integers(hints.node)),
                ("pool", Column::Texts(hints.pool)),
            ],
        );
        self.parts.push(format!(
            "{part} AS (INSERT INTO stagemark_outbox (run, node, pool, written)
            SELECT run, node, pool, {NOW} FROM {rows} {only}
            ON CONFLICT (run, node) DO UPDATE SET pool = excluded.pool, written = excluded.written)"
        ));
    }

    fn finish(self, made: usize) -> Call<'a> {
        let Self { mut call, parts, check } = self;
        let made = match made {
            0 => "NULL::uuid[]".to_owned(),
            made => {
                let all = call.long(i64::try_from(made).unwrap_or(i64::MAX));
                format!("CASE WHEN (SELECT count(*) FROM made) < {all} THEN ARRAY(SELECT id FROM made) END")
            }
        };
        // A text that is no number ends the statement, and is told in the log of the server.
        let check = match check.join(" AND ") {
            none if none.is_empty() => "0".to_owned(),
            all => format!("(CASE WHEN {all} THEN '0' ELSE '{REFUSED}' END)::integer"),
        };
        call.saying(format!("WITH {} SELECT {made}, {check}", parts.join(", ")))
    }
}

impl Places {
    fn columns(self) -> [(&'static str, Column<'static>); 3] {
        [("run", Column::Uuids(self.run)), ("node", Column::Integers(self.node)), ("due", Column::Longs(self.due))]
    }
}

/// The time of the database, in milliseconds.
pub(super) const NOW: &str = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint";

/// What the log of the server says of a batch in which something is refused; it is then written write by write.
pub(super) const REFUSED: &str = "stagemark: others were faster, which is no fault";
