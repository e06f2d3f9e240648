//! Reading runs whole: one statement, so that a run and its markers are of one moment.

use std::collections::HashMap;

use sea_orm::DbErr;
use sqlx::{Row, postgres::PgRow};
use stagemark::{
    RunId,
    ports::{HeldBeat, Phase, Record},
};
use uuid::Uuid;

use super::{
    call::{Call, Form},
    pool::Connections,
    values::{
        attempt_of, ended_of, failed_query, marker_of, priority_of, run_at, status_of, task_of, text_at, timestamp_of,
        unsigned_long_of, unsigned_of,
    },
};

/// Rows of three kinds: runs, markers and reports. Their columns are the kind, the run, a worker, four texts, ten
/// numbers, a fraction and a flag.
pub(super) fn text(ids: &str) -> String {
    format!(
        "WITH asked AS MATERIALIZED (SELECT {ids} AS ids)
        SELECT 0 AS kind, id AS run, holder, workflow AS text1, input AS text2, error AS text3, trace AS text4,
            version::bigint AS n1, width::bigint AS n2, status::bigint AS n3, revision AS n4, submitted AS n5,
            ended AS n6, priority::bigint AS n7, NULL::bigint AS n8, NULL::bigint AS n9, NULL::bigint AS n10,
            NULL::double precision AS real, NULL::boolean AS reused
        FROM stagemark_run WHERE id = ANY ((SELECT ids FROM asked)::uuid[])
        UNION ALL
        SELECT 1, run, worker, output, error, NULL, NULL, node, item, phase, attempt, released, due, started, width,
            finished, pass, NULL, reused
        FROM stagemark_marker WHERE run = ANY ((SELECT ids FROM asked)::uuid[])
        UNION ALL
        SELECT 2, run, NULL, message, details, NULL, NULL, node, item, NULL, attempt, NULL, NULL, NULL, NULL, NULL,
            NULL, fraction, NULL
        FROM stagemark_heartbeat WHERE run = ANY ((SELECT ids FROM asked)::uuid[])"
    )
}

pub(super) async fn load(connections: &Connections, runs: &[RunId]) -> Result<Vec<Record>, DbErr> {
    if runs.is_empty() {
        return Ok(Vec::new());
    }
    let mut call = Call::new(Form::Arrays);
    let ids = call.ids(runs.iter().map(|run| run.uuid()));
    let rows = connections.ask(call.saying(text(&ids))).await?;
    collect(&rows).map_err(failed_query)
}

fn collect(rows: &[PgRow]) -> Result<Vec<Record>, sqlx::Error> {
    let (mut records, mut places) = (Vec::new(), HashMap::new());
    for row in rows {
        let (kind, run) = (row.try_get::<i32, _>(0)?, run_at(row, 1)?);
        if kind == 0 {
            places.insert(run, records.len());
            records.push(record_of(row)?);
            continue;
        }
        // Runs stand first; what has none was written by hand.
        let Some(record) = places.get(&run).map(|at: &usize| &mut records[*at]) else { continue };
        match kind {
            1 => record.markers.push(marker_of(row)?),
            _ => record.beats.push(beat_of(row)?),
        }
    }
    for record in &mut records {
        record.markers.sort_unstable_by_key(|marker| marker.id);
        record.beats.sort_unstable_by_key(|beat| beat.id);
        drop_stale(record);
    }
    Ok(records)
}

/// What was heard of a task that is done is of no use to anyone.
fn drop_stale(record: &mut Record) {
    let markers = &record.markers;
    record.beats.retain(|beat| {
        let at = markers.binary_search_by_key(&beat.id, |marker| marker.id);
        at.is_err() || !at.is_ok_and(|at| matches!(markers[at].task.phase, Phase::Done { .. }))
    });
}

fn record_of(row: &PgRow) -> Result<Record, sqlx::Error> {
    let number = |at: usize| row.try_get::<i64, _>(at);
    let maybe = |at: usize| row.try_get::<Option<i64>, _>(at);
    Ok(Record {
        id: run_at(row, 1)?,
        holder: row.try_get::<Option<Uuid>, _>(2)?.map(ended_of),
        workflow: row.try_get::<String, _>(3)?.into(),
        input: row.try_get::<String, _>(4)?.into(),
        error: text_at(row, 5)?,
        trace: text_at(row, 6)?,
        version: unsigned_of(number(7)?)?,
        width: maybe(8)?.map(unsigned_of).transpose()?,
        status: status_of(number(9)?)?,
        revision: unsigned_long_of(number(10)?)?,
        submitted: timestamp_of(number(11)?),
        ended: maybe(12)?.map(timestamp_of),
        priority: priority_of(number(13)?)?,
        markers: Vec::new(),
        beats: Vec::new(),
    })
}

fn beat_of(row: &PgRow) -> Result<HeldBeat, sqlx::Error> {
    Ok(HeldBeat {
        id: task_of(row)?,
        attempt: attempt_of(row.try_get(10)?)?,
        fraction: row.try_get(17)?,
        message: row.try_get::<String, _>(3)?.into(),
        details: text_at(row, 4)?,
    })
}
