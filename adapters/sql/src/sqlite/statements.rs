//! The statements, and how those for many rows are put together.

use sea_orm::{DbBackend, SqliteTransactionMode, Statement, TransactionOptions, Value};

/// The most rows of a statement.
const ROWS_MAX: usize = 256;

pub(super) fn statement(text: impl Into<String>, values: impl IntoIterator<Item = Value>) -> Statement {
    Statement::from_sql_and_values(DbBackend::Sqlite, text, values)
}

/// A transaction that is the writer from the start: one that becomes it later fails at once when another was first.
pub(super) fn immediate() -> TransactionOptions {
    TransactionOptions { sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate), ..Default::default() }
}

/// `?,?,…`
pub(super) fn places(count: usize) -> String {
    let mut text = "?,".repeat(count);
    text.pop();
    text
}

/// To how many rows some are filled up, with rows of nulls that every statement passes over: one statement costs more
/// than a few of these, and of few sizes each is prepared once, and kept.
pub(super) fn padded(rows: usize) -> usize {
    let power = rows.next_power_of_two();
    if rows <= power / 4 * 3 { power / 4 * 3 } else { power }
}

/// A statement on rows of values, in three parts: what stands before the rows, how many values one has, and what stands
/// after them.
pub(super) struct Rows {
    pub(super) before: &'static str,
    pub(super) columns: usize,
    pub(super) after: &'static str,
}

impl Rows {
    /// The statements that take all of the rows, each after the values that stand before the rows.
    pub(super) fn statements(&self, before: &[Value], mut values: Vec<Value>) -> Vec<Statement> {
        let mut statements = Vec::new();
        while !values.is_empty() {
            let rest = values.split_off(values.len().min(ROWS_MAX * self.columns));
            let rows = padded(values.len() / self.columns);
            let nulls = nulls(rows * self.columns - values.len());
            let values = std::mem::replace(&mut values, rest);
            statements.push(statement(self.text(rows), before.iter().cloned().chain(values).chain(nulls)));
        }
        statements
    }

    pub(super) fn text(&self, rows: usize) -> String {
        let mut text = format!("({}),", places(self.columns)).repeat(rows);
        text.pop();
        [self.before, &text, self.after].concat()
    }
}

fn nulls(count: usize) -> impl Iterator<Item = Value> {
    std::iter::repeat_n(Value::from(None::<i64>), count)
}

/// Takes runs out of the queue, and drops what was heard of some of them.
pub(super) fn clear(unqueued: Vec<Value>, silenced: Vec<Value>) -> Vec<Statement> {
    if silenced.is_empty() || unqueued.len().max(silenced.len()) > ROWS_MAX {
        return UNQUEUE.statements(&[], unqueued).into_iter().chain(SILENCE.statements(&[], silenced)).collect();
    }
    // Two in one text: the way to the thread of the connection and back costs more than either.
    let (first, second) = (padded(unqueued.len()), padded(silenced.len()));
    let fill = nulls(first - unqueued.len());
    let values = unqueued.into_iter().chain(fill).chain(silenced);
    vec![statement([UNQUEUE.text(first), SILENCE.text(second)].join(";"), values)]
}

pub(super) const SUBMIT: Rows = Rows {
    before: "INSERT INTO stagemark_run
        (id, workflow, version, key, input, width, submitted, status, holder, priority, trace, revision)
        SELECT column1, column2, column3, column4, column5, column6, column7, column8, column9, column10, column11, 0
        FROM (VALUES ",
    columns: 11,
    after: ") WHERE column1 IS NOT NULL ON CONFLICT DO NOTHING",
};

/// Of a marker only what is newer than the stored one, and only at the revision that it was decided on.
///
/// The cross join keeps the rows outside and looks each run up by its key.
const AS_DECIDED: &str = ") CROSS JOIN stagemark_run AS run ON run.id = column1 AND run.revision = column2 WHERE true
    ON CONFLICT (run, node, item) DO UPDATE SET phase = excluded.phase, attempt = excluded.attempt,
        released = excluded.released, worker = excluded.worker, due = excluded.due, width = excluded.width,
        started = excluded.started, finished = excluded.finished, output = excluded.output, error = excluded.error,
        pass = excluded.pass, reused = excluded.reused
    WHERE phase <> 2 AND attempt <= excluded.attempt";

pub(super) const MARKERS: Rows = Rows {
    before: "INSERT INTO stagemark_marker
        (run, node, item, attempt, released, started, finished, output, phase, worker, due, width, error, pass,
            reused)
        SELECT column1, column3, column4, column5, column6, column7, column8, column9, column10, column11, column12,
            column13, column14, column15, column16
        FROM (VALUES ",
    columns: 16,
    after: AS_DECIDED,
};

/// Of steps that are done, as nearly all markers tell: they have no more than this, and each value costs.
pub(super) const DONE: Rows = Rows {
    before: "INSERT INTO stagemark_marker (run, node, item, attempt, released, started, finished, output, phase)
        SELECT column1, column3, column4, column5, column6, column7, column8, column9, 2
        FROM (VALUES ",
    columns: 9,
    after: AS_DECIDED,
};

pub(super) const RUNS: Rows = Rows {
    before: "UPDATE stagemark_run SET revision = revision + 1, status = column3, holder = column4, error = column5,
            ended = column6
        FROM (VALUES ",
    columns: 6,
    after: ") WHERE id = column1 AND revision = column2",
};

pub(super) const UNQUEUE: Rows =
    Rows { before: "DELETE FROM stagemark_queue WHERE run IN (VALUES ", columns: 1, after: ")" };

pub(super) const QUEUE: Rows = Rows {
    before: "INSERT INTO stagemark_queue (run, node, due, workflow, version, priority)
        SELECT column1, column2, column3, workflow, version, priority FROM (VALUES ",
    columns: 3,
    after: ") CROSS JOIN stagemark_run ON id = column1",
};

/// A hint of a place takes the place of the earlier one.
pub(super) const OUTBOX: Rows = Rows {
    before: "INSERT INTO stagemark_outbox (run, node, pool, written)
        SELECT column1, column2, column3, column4 FROM (VALUES ",
    columns: 4,
    after: ") WHERE column1 IS NOT NULL
        ON CONFLICT (run, node) DO UPDATE SET pool = excluded.pool, written = excluded.written",
};

pub(super) const SENT: Rows =
    Rows { before: "DELETE FROM stagemark_outbox WHERE (run, node) IN (VALUES ", columns: 2, after: ")" };

pub(super) const SILENCE: Rows =
    Rows { before: "DELETE FROM stagemark_heartbeat WHERE run IN (VALUES ", columns: 1, after: ")" };

pub(super) const FIRST_WITH_KEY: &str = "SELECT id, input FROM stagemark_run WHERE workflow = ? AND key = ?";

pub(super) const AT_REVISION: &str = "SELECT 1 FROM stagemark_run WHERE id = ? AND revision = ?";

/// A write of nothing: it fails where the database may not be written, and only there.
pub(super) const TOUCH: &str = "DELETE FROM stagemark_worker WHERE false";

pub(super) const RENEW_LEASE: &str = "INSERT INTO stagemark_worker (id, until) VALUES (?, ?)
    ON CONFLICT (id) DO UPDATE SET until = excluded.until";

/// Ends the lease, and drops those of workers that were last heard of a day ago.
pub(super) const END_LEASE: &str = "DELETE FROM stagemark_worker WHERE id = ? OR until < ? - 86400000";

/// What is heard of runs that have ended, or never were, is dropped: nobody would remove it.
pub(super) const REPORT: Rows = Rows {
    before: "INSERT INTO stagemark_heartbeat (run, node, item, attempt, fraction, message, details)
        SELECT column1, column2, column3, column4, column5, column6, column7
        FROM (VALUES ",
    columns: 7,
    after: ") CROSS JOIN stagemark_run AS run ON run.id = column1 AND run.status < 2 WHERE true
        ON CONFLICT (run, node, item) DO UPDATE SET attempt = excluded.attempt, fraction = excluded.fraction,
            message = excluded.message, details = excluded.details
        WHERE attempt <= excluded.attempt",
};

/// Puts the places that are still due off until the reservation ends.
pub(super) const RESERVE: Rows = Rows {
    before: "UPDATE stagemark_queue SET due = ? WHERE due <= ? AND (run, node) IN (VALUES ",
    columns: 2,
    after: ") RETURNING run, node",
};
