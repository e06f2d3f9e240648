//! Signs of life: a worker's lease, and what its attempts report.

use std::collections::HashSet;

use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, TransactionTrait, Value};
use stagemark::{
    RunId,
    ports::{Heartbeats, HeldBeat},
};

use super::{
    load::select,
    statements::{END_LEASE, RENEW_LEASE, REPORT, immediate, statement},
    values::{blob_of, integer_of, text_of, worker_of},
};

/// How many runs are looked at by one statement.
const RUNS_MAX: usize = 512;

pub(super) async fn renew(writer: &DatabaseConnection, beats: &Heartbeats) -> Result<(), DbErr> {
    let worker = worker_of(beats.worker);
    let lease = if beats.until < beats.now {
        statement(END_LEASE, [worker, integer_of(beats.now.0)])
    } else {
        statement(RENEW_LEASE, [worker, integer_of(beats.until.0)])
    };
    if beats.beats.is_empty() {
        writer.execute_raw(lease).await?;
        return Ok(());
    }
    let reports = beats.beats.iter().flat_map(|(run, beat)| report_values(*run, beat)).collect();
    let transaction = writer.begin_with_options(immediate()).await?;
    transaction.execute_raw(lease).await?;
    for report in REPORT.statements(&[], reports) {
        transaction.execute_raw(report).await?;
    }
    transaction.commit().await
}

fn report_values(run: RunId, beat: &HeldBeat) -> [Value; 7] {
    [
        blob_of(run),
        i64::from(beat.id.node).into(),
        i64::from(beat.id.item).into(),
        i64::from(beat.attempt).into(),
        beat.fraction.into(),
        text_of(&beat.message),
        beat.details.as_ref().map(ToString::to_string).into(),
    ]
}

/// Those of the runs that have ended or do not exist.
pub(super) async fn ended(reader: &DatabaseConnection, watching: &[RunId]) -> Result<Vec<RunId>, DbErr> {
    let mut live: HashSet<RunId> = HashSet::with_capacity(watching.len());
    for some in watching.chunks(RUNS_MAX) {
        for row in select(reader, ("SELECT id FROM stagemark_run WHERE status < 2 AND id", ""), some).await? {
            live.insert(row.try_get_by_index::<uuid::Uuid>(0)?.into());
        }
    }
    Ok(watching.iter().filter(|run| !live.contains(run)).copied().collect())
}
