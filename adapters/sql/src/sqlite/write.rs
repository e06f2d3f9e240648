//! The write path: a batch of submissions and changes as one transaction of a few statements.
//!
//! The statements themselves fence: they touch only what is at the revision that a change was decided on. Their counts
//! tell whether all was accepted, as it nearly always is; if not, the batch is taken back and written one by one.

use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, Statement, TransactionTrait, Value};
use stagemark::ports::{Change, Hint, NewRun, Outcome, QueueEntry, RunRow, Write};

use super::{
    careful,
    statements::{DONE, MARKERS, OUTBOX, QUEUE, RUNS, SUBMIT, clear, immediate},
    values::{blob_of, done_values, integer_of, is_plainly_done, now, other_values, text_of, worker_of},
};
use crate::{companion, convert::status_number};

pub(super) async fn write(database: &DatabaseConnection, writes: &[Write]) -> Result<Vec<Outcome>, DbErr> {
    if writes.iter().any(|write| companion::accompanied(write).is_some()) {
        return careful::write(database, writes).await;
    }
    let mut batch = Batch::of(writes);
    if let Some(statement) = batch.take_single() {
        // One row needs no transaction: it is written or it is not.
        if database.execute_raw(statement).await?.rows_affected() == 1 {
            return Ok(vec![Outcome::Accepted]);
        }
        return careful::write(database, writes).await;
    }
    let fenced = batch.fenced;
    let transaction = database.begin_with_options(immediate()).await?;
    if batch.apply(&transaction).await? == fenced {
        transaction.commit().await?;
        return Ok(vec![Outcome::Accepted; writes.len()]);
    }
    transaction.rollback().await?;
    careful::write(database, writes).await
}

/// The rows of a batch, by table.
#[derive(Default)]
pub(super) struct Batch {
    submitted: Vec<Value>,
    done: Vec<Value>,
    markers: Vec<Value>,
    runs: Vec<Value>,
    unqueued: Vec<Value>,
    queued: Vec<Value>,
    announced: Vec<Value>,
    silenced: Vec<Value>,
    /// How many rows the statements that fence must write.
    pub(super) fenced: u64,
}

impl Batch {
    pub(super) fn of<'a>(writes: impl IntoIterator<Item = &'a Write>) -> Self {
        let mut batch = Self::default();
        for write in writes {
            match write {
                Write::Submit(run) => batch.submit(run),
                Write::Change(change) => batch.change(change),
            }
        }
        batch
    }

    fn submit(&mut self, run: &NewRun) {
        self.fenced += 1;
        self.submitted.extend([
            blob_of(run.id),
            text_of(&run.workflow),
            i64::from(run.version).into(),
            run.key.clone().into(),
            text_of(&run.input),
            run.width.map(i64::from).into(),
            integer_of(run.submitted.0),
            i64::from(status_number(run.status)).into(),
            run.holder.map_or_else(|| None::<uuid::Uuid>.into(), worker_of),
            i64::from(run.priority.number()).into(),
            run.trace.as_ref().map(ToString::to_string).into(),
        ]);
        self.queue(&blob_of(run.id), &run.queue);
        self.announce(&run.outbox);
    }

    fn change(&mut self, change: &Change) {
        if change.markers.is_empty() && change.row.is_none() {
            // Nothing is written that could be counted, so that its revision is looked at on the careful way.
            self.fenced += 1;
        }
        self.fenced += change.markers.len() as u64;
        for marker in &change.markers {
            let values = done_values(change.run, marker, change.revision);
            if is_plainly_done(marker) {
                self.done.extend(values);
            } else {
                self.markers.extend(values.into_iter().chain(other_values(marker)));
            }
        }
        if let Some(row) = &change.row {
            self.row(&blob_of(change.run), change.revision, row);
        }
    }

    fn row(&mut self, run: &Value, revision: u64, row: &RunRow) {
        self.fenced += 1;
        self.runs.extend([
            run.clone(),
            integer_of(revision),
            i64::from(status_number(row.status)).into(),
            row.holder.map_or_else(|| None::<uuid::Uuid>.into(), worker_of),
            row.error.as_ref().map(ToString::to_string).into(),
            row.ended.map_or_else(|| None::<i64>.into(), |ended| integer_of(ended.0)),
        ]);
        self.unqueued.push(run.clone());
        if row.status.has_ended() {
            self.silenced.push(run.clone());
        }
        self.queue(run, &row.queue);
        self.announce(&row.outbox);
    }

    fn queue(&mut self, run: &Value, queue: &[QueueEntry]) {
        for entry in queue {
            self.queued.extend([run.clone(), i64::from(entry.node).into(), integer_of(entry.due.0)]);
        }
    }

    fn announce(&mut self, hints: &[Hint]) {
        for hint in hints {
            let pool = text_of(&hint.pool);
            self.announced.extend([blob_of(hint.run), i64::from(hint.node).into(), pool, integer_of(now().0)]);
        }
    }

    /// The statement of a batch that is one row.
    fn take_single(&mut self) -> Option<Statement> {
        let alone = self.fenced == 1 && self.runs.is_empty() && self.queued.is_empty() && self.announced.is_empty();
        if !alone {
            return None;
        }
        let tables = [(SUBMIT, &mut self.submitted), (DONE, &mut self.done), (MARKERS, &mut self.markers)];
        tables.into_iter().flat_map(|(rows, values)| rows.statements(&[], std::mem::take(values))).next()
    }

    /// Writes everything; gives how many rows the statements that fence have written.
    ///
    /// Markers stand before runs: both are fenced by the revision that the run has now.
    pub(super) async fn apply<C: ConnectionTrait>(self, database: &C) -> Result<u64, DbErr> {
        let fencing = [(SUBMIT, self.submitted), (DONE, self.done), (MARKERS, self.markers), (RUNS, self.runs)];
        let mut written = 0;
        for (rows, values) in fencing {
            for statement in rows.statements(&[], values) {
                written += database.execute_raw(statement).await?.rows_affected();
            }
        }
        if written != self.fenced {
            return Ok(written);
        }
        let cleared = clear(self.unqueued, self.silenced);
        let added = [(QUEUE, self.queued), (OUTBOX, self.announced)];
        let added = added.into_iter().flat_map(|(rows, values)| rows.statements(&[], values));
        for statement in cleared.into_iter().chain(added) {
            database.execute_raw(statement).await?;
        }
        Ok(written)
    }
}
