//! Values as the tables of `PostgreSQL` have them.

use std::{error::Error, sync::Arc};

use sea_orm::{DbErr, RuntimeErr};
use sqlx::{Row, postgres::PgRow};
use stagemark::{
    Priority, RunId, Status, Timestamp, WorkerId,
    ports::{Marker, Phase, Task, TaskId},
};
use uuid::Uuid;

use crate::convert;

pub(super) type BoxError = Box<dyn Error + Send + Sync>;

/// The error as sea-orm would tell it.
pub(super) fn failed_query(error: sqlx::Error) -> DbErr {
    DbErr::Query(RuntimeErr::SqlxError(Arc::new(error)))
}

fn unreadable(what: String) -> sqlx::Error {
    sqlx::Error::ColumnDecode { index: "a state".to_owned(), source: what.into() }
}

/// The same 32 bits, which is all that is asked of a number that nobody compares.
pub(super) fn integer_of(number: u32) -> i32 {
    number.cast_signed()
}

pub(super) fn long_of(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn moment_of(moment: Timestamp) -> i64 {
    long_of(moment.0)
}

pub(super) fn worker_of(worker: WorkerId) -> Uuid {
    Uuid::from_u128(worker.0)
}

pub(super) fn ended_of(worker: Uuid) -> WorkerId {
    WorkerId(worker.as_u128())
}

pub(super) fn timestamp_of(moment: i64) -> Timestamp {
    Timestamp(u64::try_from(moment).unwrap_or(0))
}

pub(super) fn status_of(number: i64) -> Result<Status, sqlx::Error> {
    convert::status_of(number).ok_or_else(|| unreadable(format!("{number} is no status of a run")))
}

pub(super) fn priority_of(number: i64) -> Result<Priority, sqlx::Error> {
    convert::priority_of(number).ok_or_else(|| unreadable(format!("{number} is no priority of a run")))
}

pub(super) fn node_of(number: i64) -> Result<u16, sqlx::Error> {
    u16::try_from(number).map_err(|_| unreadable(format!("{number} is no node of a workflow")))
}

/// A number of 32 bits that was stored as such.
pub(super) fn unsigned_of(number: i64) -> Result<u32, sqlx::Error> {
    let integer = i32::try_from(number).map_err(|_| unreadable(format!("{number} does not fit into 32 bits")))?;
    Ok(integer.cast_unsigned())
}

/// A number that is compared, and so has room for its sign.
pub(super) fn attempt_of(number: i64) -> Result<u32, sqlx::Error> {
    u32::try_from(number).map_err(|_| unreadable(format!("{number} is no number of an attempt")))
}

pub(super) fn unsigned_long_of(number: i64) -> Result<u64, sqlx::Error> {
    u64::try_from(number).map_err(|_| unreadable(format!("{number} is negative")))
}

pub(super) fn text_at(row: &PgRow, at: usize) -> Result<Option<Arc<str>>, sqlx::Error> {
    Ok(row.try_get::<Option<String>, _>(at)?.map(Arc::from))
}

pub(super) fn run_at(row: &PgRow, at: usize) -> Result<RunId, sqlx::Error> {
    Ok(row.try_get::<Uuid, _>(at)?.into())
}

/// A phase as its columns.
pub(super) struct PhaseColumns {
    pub(super) phase: i16,
    pub(super) worker: Option<Uuid>,
    pub(super) due: Option<i64>,
    pub(super) width: Option<i32>,
}

impl PhaseColumns {
    pub(super) fn of(phase: Phase) -> Self {
        let (worker, due, width) = (None, None, None);
        match phase {
            Phase::Queued { due } => Self { phase: 0, worker, due: Some(moment_of(due)), width },
            Phase::Leased { worker } => Self { phase: 1, worker: Some(worker_of(worker)), due, width },
            Phase::Done { width } => Self { phase: 2, worker, due, width: width.map(integer_of) },
            Phase::Dead => Self { phase: 3, worker, due, width },
            Phase::Dropped => Self { phase: 4, worker, due, width },
            Phase::Waiting => Self { phase: 5, worker, due, width },
        }
    }

    fn phase(&self) -> Result<Phase, sqlx::Error> {
        let missing = |what: &str| unreadable(format!("a marker has no {what}"));
        Ok(match self.phase {
            0 => Phase::Queued { due: timestamp_of(self.due.ok_or_else(|| missing("due time"))?) },
            1 => Phase::Leased { worker: ended_of(self.worker.ok_or_else(|| missing("worker"))?) },
            2 => Phase::Done { width: self.width.map(i32::cast_unsigned) },
            3 => Phase::Dead,
            4 => Phase::Dropped,
            5 => Phase::Waiting,
            number => return Err(unreadable(format!("{number} is no state of a task"))),
        })
    }
}

/// A marker from a row of `load::LOAD`.
pub(super) fn marker_of(row: &PgRow) -> Result<Marker, sqlx::Error> {
    let number = |at: usize| row.try_get::<i64, _>(at);
    let maybe = |at: usize| row.try_get::<Option<i64>, _>(at);
    let width = maybe(14)?.map(|width| i32::try_from(width).map_err(|_| unreadable(format!("{width} is no width"))));
    let phase = PhaseColumns {
        phase: i16::try_from(number(9)?).unwrap_or(-1),
        worker: row.try_get(2)?,
        due: maybe(12)?,
        width: width.transpose()?,
    };
    let fusion = convert::fusion_of(maybe(16)?.map(node_of).transpose()?);
    let task =
        Task { phase: phase.phase()?, attempt: attempt_of(number(10)?)?, released: unsigned_of(number(11)?)?, fusion };
    Ok(Marker {
        id: task_of(row)?,
        task,
        started: maybe(13)?.map(timestamp_of),
        finished: maybe(15)?.map(timestamp_of),
        output: text_at(row, 3)?,
        error: text_at(row, 4)?,
        reused: row.try_get::<Option<bool>, _>(18)?.unwrap_or_default(),
    })
}

/// The task of a marker or of a report.
pub(super) fn task_of(row: &PgRow) -> Result<TaskId, sqlx::Error> {
    let (node, item) = (row.try_get::<i64, _>(7)?, row.try_get::<i64, _>(8)?);
    Ok(TaskId { node: node_of(node)?, item: unsigned_of(item)? })
}
