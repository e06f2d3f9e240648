//! Values as the tables of `SQLite` have them.

use std::{sync::Arc, time::SystemTime};

use sea_orm::{DbErr, QueryResult, Value};
use stagemark::{
    Priority, RunId, Status, Timestamp, WorkerId,
    ports::{Fusion, Marker, Phase, Task, TaskId},
};

use crate::convert;

pub(super) fn blob_of(run: RunId) -> Value {
    run.uuid().into()
}

pub(super) fn worker_of(worker: WorkerId) -> Value {
    uuid::Uuid::from_u128(worker.0).into()
}

pub(super) fn ended_of(worker: Option<uuid::Uuid>) -> Option<WorkerId> {
    worker.map(|worker| WorkerId(worker.as_u128()))
}

pub(super) fn integer_of(number: u64) -> Value {
    i64::try_from(number).unwrap_or(i64::MAX).into()
}

fn moment_of(moment: Option<Timestamp>) -> Value {
    moment.map(|moment| i64::try_from(moment.0).unwrap_or(i64::MAX)).into()
}

pub(super) fn text_of(text: &Arc<str>) -> Value {
    text.to_string().into()
}

pub(super) fn status_of(number: i64) -> Result<Status, DbErr> {
    convert::status_of(number).ok_or_else(|| DbErr::Type(format!("{number} is no status of a run")))
}

pub(super) fn priority_of(number: i64) -> Result<Priority, DbErr> {
    convert::priority_of(number).ok_or_else(|| DbErr::Type(format!("{number} is no priority of a run")))
}

/// What time it is; the file has no clock of its own.
pub(super) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// Whether a marker tells of a step that is done and of nothing else: then the values of `statements::DONE` are all.
pub(super) fn is_plainly_done(marker: &Marker) -> bool {
    let Task { phase, fusion, .. } = marker.task;
    phase == Phase::Done { width: None } && fusion == Fusion::Free && marker.error.is_none() && !marker.reused
}

/// The values of `statements::DONE`, with which those of `statements::MARKERS` begin.
pub(super) fn done_values(run: RunId, marker: &Marker, revision: u64) -> [Value; 9] {
    [
        blob_of(run),
        integer_of(revision),
        i64::from(marker.id.node).into(),
        i64::from(marker.id.item).into(),
        i64::from(marker.task.attempt).into(),
        i64::from(marker.task.released).into(),
        moment_of(marker.started),
        moment_of(marker.finished),
        marker.output.as_ref().map(ToString::to_string).into(),
    ]
}

/// The values of `statements::MARKERS` that follow.
pub(super) fn other_values(marker: &Marker) -> [Value; 7] {
    let none = || Value::from(None::<i64>);
    let nobody = || Value::from(None::<uuid::Uuid>);
    let (number, worker, due, width) = match marker.task.phase {
        Phase::Queued { due } => (0, nobody(), integer_of(due.0), none()),
        Phase::Leased { worker } => (1, worker_of(worker), none(), none()),
        Phase::Done { width } => (2, nobody(), none(), width.map(i64::from).into()),
        Phase::Dead => (3, nobody(), none(), none()),
        Phase::Dropped => (4, nobody(), none(), none()),
        Phase::Waiting => (5, nobody(), none(), none()),
    };
    let number: i64 = number;
    let error = marker.error.as_ref().map(ToString::to_string).into();
    let pass = convert::pass_number(marker.task.fusion).map(i64::from).into();
    [number.into(), worker, due, width, error, pass, marker.reused.then_some(1_i64).into()]
}

/// A marker from a row: run, node, item, phase, attempt, released, worker, due, width, started, finished, output, error,
/// pass, reused.
pub(super) fn marker_of(row: &QueryResult) -> Result<(RunId, Marker), DbErr> {
    let missing = |what: &str| DbErr::Type(format!("a marker has no {what}"));
    let moment = |at: usize| -> Result<Option<Timestamp>, DbErr> {
        let moment: Option<i64> = row.try_get_by_index(at)?;
        Ok(moment.map(|moment| Timestamp(u64::try_from(moment).unwrap_or(0))))
    };
    let text = |at: usize| -> Result<Option<Arc<str>>, DbErr> {
        Ok(row.try_get_by_index::<Option<String>>(at)?.map(Arc::from))
    };
    let phase = match row.try_get_by_index::<i64>(3)? {
        0 => Phase::Queued { due: moment(7)?.ok_or_else(|| missing("due time"))? },
        1 => Phase::Leased { worker: ended_of(row.try_get_by_index(6)?).ok_or_else(|| missing("worker"))? },
        2 => Phase::Done { width: row.try_get_by_index(8)? },
        3 => Phase::Dead,
        4 => Phase::Dropped,
        5 => Phase::Waiting,
        number => return Err(DbErr::Type(format!("{number} is no state of a task"))),
    };
    let fusion = convert::fusion_of(row.try_get_by_index(13)?);
    let task = Task { phase, attempt: row.try_get_by_index(4)?, released: row.try_get_by_index(5)?, fusion };
    let id = TaskId { node: row.try_get_by_index(1)?, item: row.try_get_by_index(2)? };
    let reused = row.try_get_by_index::<Option<i64>>(14)?.is_some();
    let (started, finished, output, error) = (moment(9)?, moment(10)?, text(11)?, text(12)?);
    let marker = Marker { id, task, started, finished, output, error, reused };
    Ok((row.try_get_by_index::<uuid::Uuid>(0)?.into(), marker))
}
