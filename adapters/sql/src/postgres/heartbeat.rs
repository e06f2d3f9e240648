//! Signs of life: a worker's lease, what its attempts report, and which of its runs have ended, in one statement.

use std::collections::BTreeMap;

use sea_orm::DbErr;
use sqlx::{Row, postgres::PgRow};
use stagemark::{
    RunId,
    ports::{Heartbeats, HeldBeat, Renewed, TaskId},
};
use uuid::Uuid;

use super::{
    call::{Call, Column, Form},
    pool::Connections,
    statement::NOW,
    values::{failed_query, integer_of, moment_of, timestamp_of, worker_of},
};

pub(super) async fn heartbeat(connections: &Connections, beats: &Heartbeats) -> Result<Renewed, DbErr> {
    let latest = latest(&beats.beats);
    let messages: Vec<_> = latest.iter().map(|(_, beat)| beat.message.replace('\0', "\u{fffd}")).collect();
    let rows = connections.ask(call(beats, &latest, &messages)).await?;
    rows.first().map_or_else(|| Ok(Renewed::default()), renewed).map_err(failed_query)
}

fn renewed(row: &PgRow) -> Result<Renewed, sqlx::Error> {
    let ended = row.try_get::<Vec<Uuid>, _>(0)?.into_iter().map(RunId::from).collect();
    Ok(Renewed { ended, now: timestamp_of(row.try_get(1)?) })
}

/// The latest report of each task: one statement takes one of them.
fn latest(beats: &[(RunId, HeldBeat)]) -> Vec<(RunId, &HeldBeat)> {
    let mut latest: BTreeMap<(RunId, TaskId), &HeldBeat> = BTreeMap::new();
    for (run, beat) in beats {
        let kept = latest.entry((*run, beat.id)).or_insert(beat);
        if kept.attempt <= beat.attempt {
            *kept = beat;
        }
    }
    latest.into_iter().map(|((run, _), beat)| (run, beat)).collect()
}

fn call<'a>(beats: &'a Heartbeats, latest: &[(RunId, &'a HeldBeat)], messages: &'a [String]) -> Call<'a> {
    let mut call = Call::new(Form::Arrays);
    let worker = call.uuid(worker_of(beats.worker));
    let mut parts = vec![if beats.until < beats.now {
        let now = call.long(moment_of(beats.now));
        // With those of workers that were last heard of a day ago.
        format!("lease AS (DELETE FROM stagemark_worker WHERE id = {worker} OR until < {now} - 86400000)")
    } else {
        let until = call.long(moment_of(beats.until));
        format!(
            "lease AS (INSERT INTO stagemark_worker (id, until) VALUES ({worker}, {until})
            ON CONFLICT (id) DO UPDATE SET until = excluded.until)"
        )
    }];
    parts.extend((!latest.is_empty()).then(|| reported(&mut call, latest, messages)));
    let watched =
        call.rows("watched", [("id", Column::Uuids(beats.watching.iter().map(|run| Some(run.uuid())).collect()))]);
    call.saying(format!(
        "WITH {} SELECT ARRAY(SELECT watched.id FROM {watched} WHERE NOT EXISTS
            (SELECT 1 FROM stagemark_run AS live WHERE live.id = watched.id AND live.status < 2)), {NOW}",
        parts.join(", ")
    ))
}

/// What is heard of runs that have ended, or never were, is dropped: nobody would remove it. The run is locked, lest it
/// ends meanwhile.
fn reported<'a>(call: &mut Call<'a>, latest: &[(RunId, &'a HeldBeat)], messages: &'a [String]) -> String {
    let beats = || latest.iter().map(|(_, beat)| *beat);
    let rows = call.rows(
        "heard",
        [
            ("run", Column::Uuids(latest.iter().map(|(run, _)| Some(run.uuid())).collect())),
            ("attempt", Column::Longs(beats().map(|beat| Some(i64::from(beat.attempt))).collect())),
            ("fraction", Column::Doubles(beats().map(|beat| beat.fraction).collect())),
            ("node", Column::Integers(beats().map(|beat| Some(i32::from(beat.id.node))).collect())),
            ("item", Column::Integers(beats().map(|beat| Some(integer_of(beat.id.item))).collect())),
            ("message", Column::Texts(messages.iter().map(|message| Some(message.as_str())).collect())),
            ("details", Column::Texts(beats().map(|beat| beat.details.as_deref()).collect())),
        ],
    );
    format!(
        "reported AS (INSERT INTO stagemark_heartbeat AS stored (run, attempt, fraction, node, item, message, details)
        SELECT heard.run, heard.attempt, heard.fraction, heard.node, heard.item, heard.message, heard.details
        FROM {rows} JOIN stagemark_run AS live ON live.id = heard.run AND live.status < 2
        FOR SHARE OF live
        ON CONFLICT (run, node, item) DO UPDATE SET attempt = excluded.attempt, fraction = excluded.fraction,
            message = excluded.message, details = excluded.details
        WHERE stored.attempt <= excluded.attempt)"
    )
}
