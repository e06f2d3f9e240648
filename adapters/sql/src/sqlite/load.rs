//! Reading runs whole.

use std::collections::HashMap;

use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, QueryResult, TransactionTrait, Value};
use stagemark::{
    RunId, Timestamp,
    ports::{HeldBeat, Phase, Record, StoreError, TaskId},
};

use super::{
    statements::{padded, places, statement},
    values::{blob_of, ended_of, marker_of, priority_of, status_of},
};
use crate::error::failed;

/// How many runs are read by one statement.
const RUNS_MAX: usize = 512;

pub(super) async fn load(reader: &DatabaseConnection, runs: &[RunId]) -> Result<Vec<Record>, StoreError> {
    let mut records = Vec::with_capacity(runs.len());
    for some in runs.chunks(RUNS_MAX) {
        records.extend(read(reader, some).await.map_err(|error| failed("reading runs", error))?);
    }
    Ok(records)
}

async fn read(reader: &DatabaseConnection, runs: &[RunId]) -> Result<Vec<Record>, DbErr> {
    // One snapshot: a run and its markers of the same moment.
    let snapshot = reader.begin().await?;
    let mut records = Vec::with_capacity(runs.len());
    for row in select(&snapshot, RUN, runs).await? {
        records.push(record_of(&row)?);
    }
    let places: HashMap<RunId, usize> = records.iter().enumerate().map(|(at, record)| (record.id, at)).collect();
    for row in select(&snapshot, MARKER, runs).await? {
        let (run, marker) = marker_of(&row)?;
        if let Some(at) = places.get(&run) {
            records[*at].markers.push(marker);
        }
    }
    for row in select(&snapshot, HEARTBEAT, runs).await? {
        let (run, beat) = beat_of(&row)?;
        if let Some(at) = places.get(&run).filter(|at| is_current(&records[**at], &beat)) {
            records[*at].beats.push(beat);
        }
    }
    snapshot.commit().await?;
    Ok(records)
}

/// What was heard of a task that is done is of no use to anyone.
fn is_current(record: &Record, beat: &HeldBeat) -> bool {
    let marker = record.markers.iter().find(|marker| marker.id == beat.id);
    marker.is_none_or(|marker| !matches!(marker.task.phase, Phase::Done { .. }))
}

/// The rows of a query on some runs: what stands before the ids, and after them.
pub(super) async fn select<C: ConnectionTrait>(
    snapshot: &C,
    query: (&str, &str),
    runs: &[RunId],
) -> Result<Vec<QueryResult>, DbErr> {
    let count = padded(runs.len());
    let text = format!("{} IN ({}) {}", query.0, places(count), query.1);
    let filler = std::iter::repeat(Value::from(None::<uuid::Uuid>));
    snapshot.query_all_raw(statement(text, runs.iter().map(|run| blob_of(*run)).chain(filler).take(count))).await
}

const RUN: (&str, &str) = (
    "SELECT id, workflow, version, input, width, status, revision, holder, error, submitted, ended, priority,
        trace
    FROM stagemark_run WHERE id",
    "",
);

const MARKER: (&str, &str) = (
    "SELECT run, node, item, phase, attempt, released, worker, due, width, started, finished, output, error,
        pass, reused
    FROM stagemark_marker WHERE run",
    "ORDER BY run, node, item",
);

const HEARTBEAT: (&str, &str) = (
    "SELECT run, node, item, attempt, fraction, message, details FROM stagemark_heartbeat WHERE run",
    "ORDER BY run, node, item",
);

fn record_of(row: &QueryResult) -> Result<Record, DbErr> {
    let unsigned = |at: usize| -> Result<u64, DbErr> {
        let number: i64 = row.try_get_by_index(at)?;
        u64::try_from(number).map_err(|_| DbErr::Type(format!("{number} in a run is negative")))
    };
    let ended: Option<i64> = row.try_get_by_index(10)?;
    Ok(Record {
        id: row.try_get_by_index::<uuid::Uuid>(0)?.into(),
        workflow: row.try_get_by_index::<String>(1)?.into(),
        version: row.try_get_by_index(2)?,
        input: row.try_get_by_index::<String>(3)?.into(),
        width: row.try_get_by_index(4)?,
        priority: priority_of(row.try_get_by_index(11)?)?,
        trace: row.try_get_by_index::<Option<String>>(12)?.map(Into::into),
        status: status_of(row.try_get_by_index(5)?)?,
        revision: unsigned(6)?,
        holder: ended_of(row.try_get_by_index(7)?),
        error: row.try_get_by_index::<Option<String>>(8)?.map(Into::into),
        submitted: Timestamp(unsigned(9)?),
        ended: ended.map(|ended| Timestamp(u64::try_from(ended).unwrap_or(0))),
        markers: Vec::new(),
        beats: Vec::new(),
    })
}

fn beat_of(row: &QueryResult) -> Result<(RunId, HeldBeat), DbErr> {
    let beat = HeldBeat {
        id: TaskId { node: row.try_get_by_index(1)?, item: row.try_get_by_index(2)? },
        attempt: row.try_get_by_index(3)?,
        fraction: row.try_get_by_index(4)?,
        message: row.try_get_by_index::<String>(5)?.into(),
        details: row.try_get_by_index::<Option<String>>(6)?.map(Into::into),
    };
    Ok((row.try_get_by_index::<uuid::Uuid>(0)?.into(), beat))
}
