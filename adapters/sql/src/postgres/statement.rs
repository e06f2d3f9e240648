//! The statement of a batch.

use uuid::Uuid;

use super::{
    batch::{Hints, Markers, Places, Rows, Runs},
    call::{Call, Column, Form},
};

/// The statement of a batch while it is put together: it has a part for each kind of row that there is.
pub(super) struct Statement<'a> {
    call: Call<'a>,
    /// The parts by name.
    parts: Vec<(String, String)>,
    /// What must be true, or all is taken back.
    check: Vec<String>,
}

impl<'a> Statement<'a> {
    pub(super) fn new(form: Form) -> Self {
        Self { call: Call::new(form), parts: Vec::new(), check: Vec::new() }
    }

    pub(super) fn submit(&mut self, runs: Runs<'a>) {
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
        self.part(
            "made",
            format!(
                "INSERT INTO stagemark_run
                (id, holder, submitted, version, width, status, priority, workflow, key, trace, input, revision)
            SELECT id, holder, submitted, version, width, status, priority, workflow, key, trace, input, 0 FROM {rows}
            ON CONFLICT DO NOTHING RETURNING id, workflow, version, priority"
            ),
        );
    }

    /// Of a marker only what is newer than the stored one, and only at the revision that it was decided on. The run is
    /// locked, so that its revision stays until the commit.
    pub(super) fn mark(&mut self, markers: Markers<'a>) {
        if markers.run.is_empty() {
            return;
        }
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
                ("pass", Column::Integers(markers.pass)),
                ("reused", Column::Flags(markers.reused)),
            ],
        );
        self.part(
            "marked",
            format!(
                "INSERT INTO stagemark_marker AS stored (run, started, finished, due, attempt, node, item,
                released, width, phase, worker, output, error, pass, reused)
            SELECT new.run, new.started, new.finished, new.due, new.attempt, new.node, new.item, new.released, new.wide,
                new.phase, new.worker, new.output, new.failure, new.pass,
                new.reused
            FROM {rows} JOIN stagemark_run AS held ON held.id = new.run AND held.revision = new.at
            FOR NO KEY UPDATE OF held
            ON CONFLICT (run, node, item) DO UPDATE SET started = excluded.started, finished = excluded.finished,
                due = excluded.due, attempt = excluded.attempt, released = excluded.released, width = excluded.width,
                phase = excluded.phase, worker = excluded.worker, output = excluded.output, error = excluded.error,
                pass = excluded.pass, reused = excluded.reused
            WHERE stored.phase <> 2 AND stored.attempt <= excluded.attempt
            RETURNING 1"
            ),
        );
    }

    /// After the markers, which are fenced by the revision that their runs had before.
    pub(super) fn change(&mut self, changed: Rows<'a>) {
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
        self.part(
            "changed",
            format!(
                "UPDATE stagemark_run AS run SET revision = run.revision + 1, status = new.status,
                holder = new.holder, ended = new.ended, error = new.error
            FROM {rows} WHERE {after} run.id = new.id AND run.revision = new.at
            RETURNING 1"
            ),
        );
        self.expect("changed", count);
    }

    fn part(&mut self, name: impl Into<String>, text: String) {
        self.parts.push((name.into(), text));
    }

    /// So many rows must be written, or all is taken back.
    pub(super) fn expect(&mut self, part: &str, count: usize) {
        let count = self.call.long(i64::try_from(count).unwrap_or(i64::MAX));
        self.check.push(format!("(SELECT count(*) FROM {part}) = {count}"));
    }

    /// Takes runs out of the queue, and drops what was heard of those that have ended.
    pub(super) fn clear(&mut self, changed: Vec<Uuid>, ended: Vec<Uuid>) {
        if !changed.is_empty() {
            let ids = self.call.ids(changed);
            self.part("cleared", format!("DELETE FROM stagemark_queue WHERE run = ANY ({ids}) RETURNING 1"));
        }
        if !ended.is_empty() {
            let ids = self.call.ids(ended);
            self.part("silenced", format!("DELETE FROM stagemark_heartbeat WHERE run = ANY ({ids}) RETURNING 1"));
        }
    }

    /// Queues those of the new runs that were made.
    pub(super) fn queue_new(&mut self, places: Places) {
        if places.run.is_empty() {
            return;
        }
        let rows = self.call.rows("place", places.columns());
        self.part(
            "queued_new",
            format!(
                "INSERT INTO stagemark_queue (run, due, node, version, priority, workflow)
            SELECT place.run, place.due, place.node, made.version, made.priority, made.workflow
            FROM {rows} JOIN made ON made.id = place.run"
            ),
        );
    }

    /// Queues runs that were there before, after their earlier places are gone.
    pub(super) fn queue(&mut self, places: Places) {
        if places.run.is_empty() {
            return;
        }
        let rows = self.call.rows("place", places.columns());
        self.part(
            "queued",
            format!(
                "INSERT INTO stagemark_queue (run, due, node, version, priority, workflow)
            SELECT place.run, place.due, place.node, known.version, known.priority, known.workflow
            FROM {rows} JOIN stagemark_run AS known ON known.id = place.run
            WHERE (SELECT count(*) FROM cleared) >= 0"
            ),
        );
    }

    /// A hint of a place takes the place of the earlier one.
    pub(super) fn announce(&mut self, hints: Hints<'a>, only: &str) {
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
        self.part(
            part,
            format!(
                "INSERT INTO stagemark_outbox (run, node, pool, written)
            SELECT run, node, pool, {NOW} FROM {rows} {only}
            ON CONFLICT (run, node) DO UPDATE SET pool = excluded.pool, written = excluded.written"
            ),
        );
    }

    /// The call of a batch that is one marker: it needs no check, since its answer has a row where it was written.
    pub(super) fn alone(self) -> Call<'a> {
        let Self { call, parts, .. } = self;
        call.saying(parts.into_iter().map(|(_, text)| text).collect::<String>())
    }

    pub(super) fn finish(self, made: usize) -> Call<'a> {
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
        let parts: Vec<_> = parts.into_iter().map(|(name, text)| format!("{name} AS ({text})")).collect();
        call.saying(format!("WITH {} SELECT {made}, {check}", parts.join(", ")))
    }
}

/// The time of the database, in milliseconds.
pub(super) const NOW: &str = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint";

/// What the log of the server says of a batch in which something is refused; it is then written write by write.
pub(super) const REFUSED: &str = "stagemark: others were faster, which is no fault";
