//! Finding what to do: due places in the queue, and runs whose workers have lapsed.
//!
//! A look is one statement, and one that finds nothing only reads.

use std::collections::{BTreeSet, HashSet};

use sea_orm::DbErr;
use sqlx::Row;
use stagemark::{
    RunId, Timestamp, WorkerId,
    ports::{Claim, Claimed, Phase, Record, Served},
};
use uuid::Uuid;

use super::{
    call::{Call, Column, Form},
    load,
    pool::Connections,
    values::{ended_of, failed_query, integer_of, moment_of, run_at, timestamp_of, worker_of},
};

pub(super) async fn claim(connections: &Connections, claim: &Claim) -> Result<Claimed, DbErr> {
    let look = look(connections, claim).await?;
    let lapsed = lapsed_runs(connections, claim, &look.lapsed).await?;
    let mut seen = HashSet::new();
    let mut found = look.runs;
    found.extend(lapsed);
    found.retain(|run| seen.insert(*run));
    let mut runs = load::load(connections, &found).await?;
    let place = |record: &Record| found.iter().position(|run| *run == record.id);
    runs.sort_by_cached_key(place);
    let lapsed = look.lapsed.into_iter().filter(|worker| runs.iter().any(|run| is_of(run, *worker))).collect();
    Ok(Claimed { runs, lapsed, next_due: look.next_due })
}

/// Whether the worker holds the run, which lives, or tries a task of it.
fn is_of(run: &Record, worker: WorkerId) -> bool {
    let tries = |run: &Record| run.markers.iter().any(|marker| marker.task.phase == Phase::Leased { worker });
    !run.status.has_ended() && (run.holder == Some(worker) || tries(run))
}

/// What a look found.
struct Look {
    runs: Vec<RunId>,
    next_due: Option<Timestamp>,
    /// Workers that hold or try something and have no lease.
    lapsed: Vec<WorkerId>,
}

async fn look(connections: &Connections, claim: &Claim) -> Result<Look, DbErr> {
    let rows = connections.ask(look_call(claim)).await?;
    let read = || {
        let Some(row) = rows.first() else { return Ok(Look { runs: vec![], next_due: None, lapsed: vec![] }) };
        let runs: Vec<RunId> = row.try_get::<Vec<Uuid>, _>(0)?.into_iter().map(RunId::from).collect();
        let next = row.try_get::<Option<i64>, _>(1)?.map(timestamp_of);
        // What was reserved just now is not seen by the statement that did it.
        let own = (!runs.is_empty() && claim.reserved > claim.now).then_some(claim.reserved);
        let next_due = [next, own].into_iter().flatten().min();
        let lapsed = row.try_get::<Vec<Uuid>, _>(2)?.into_iter().map(ended_of).collect();
        Ok(Look { runs, next_due, lapsed })
    };
    read().map_err(failed_query)
}

/// What was found is locked, and so is updated by where it lies: how much it is cannot be guessed when the plan is made,
/// and by its key another plan would read the whole queue.
pub(super) fn look_call(claim: &Claim) -> Call<'_> {
    let mut call = Call::new(Form::Arrays);
    let (now, reserved) = (call.long(moment_of(claim.now)), call.long(moment_of(claim.reserved)));
    let open: Vec<&Served> = claim.served.iter().filter(|served| served.room > 0).collect();
    let served = call.rows("served", node_columns(&open));
    let due = if claim.hinted.is_empty() {
        due_anywhere(&now)
    } else {
        let hinted = call.ids(claim.hinted.iter().map(|run| run.uuid()));
        due_of_hinted(&now, &hinted)
    };
    let (recursive, lapsed) = if claim.lapsed > 0 {
        let me = call.uuid(worker_of(claim.worker));
        (HOLDING, format!("ARRAY({})", lapsed_workers(&me, &now)))
    } else {
        ("", "ARRAY[]::uuid[]".to_owned())
    };
    call.saying(format!(
        "WITH RECURSIVE {recursive}
        served AS MATERIALIZED (SELECT *, row_number() OVER () AS place FROM {served}),
        level (priority) AS MATERIALIZED (VALUES (2::smallint), (1::smallint), (0::smallint)),
        found AS MATERIALIZED ({due}),
        ranked AS (
            SELECT *, row_number() OVER (PARTITION BY place ORDER BY priority DESC, due, run) AS rank FROM found
        ),
        taken AS (
            UPDATE stagemark_queue SET due = {reserved}
            WHERE ctid = ANY (ARRAY(SELECT location FROM ranked WHERE rank <= room)) RETURNING run, node
        )
        SELECT ARRAY(SELECT run FROM taken JOIN ranked USING (run, node) ORDER BY place, rank), ({NEXT_DUE} AND queued.due > {now}
            ORDER BY queued.due LIMIT 1) AS next), {lapsed}"
    ))
}

fn node_columns<'a>(open: &[&'a Served]) -> [(&'static str, Column<'a>); 4] {
    let room = |served: &Served| i32::try_from(served.room).unwrap_or(i32::MAX);
    [
        ("workflow", Column::Texts(open.iter().map(|served| Some(&*served.workflow)).collect())),
        ("version", Column::Integers(open.iter().map(|served| Some(integer_of(served.version))).collect())),
        ("node", Column::Integers(open.iter().map(|served| Some(i32::from(served.node))).collect())),
        ("room", Column::Integers(open.iter().map(|served| Some(room(served))).collect())),
    ]
}

/// Each priority is a range of the index of its own, so that what is not yet due is not looked at. What another worker
/// is just taking is passed over.
fn due_anywhere(now: &str) -> String {
    format!(
        "SELECT due.location, due.run, due.node, due.due, level.priority, served.place, served.room
        FROM served CROSS JOIN level CROSS JOIN LATERAL (
            SELECT ctid AS location, run, node, due FROM stagemark_queue AS queued
            WHERE queued.workflow = served.workflow AND queued.version = served.version AND queued.node = served.node
                AND queued.priority = level.priority AND queued.due <= {now}
            ORDER BY due, run LIMIT served.room FOR UPDATE SKIP LOCKED
        ) AS due"
    )
}

fn due_of_hinted(now: &str, hinted: &str) -> String {
    format!(
        "SELECT queued.ctid AS location, queued.run, queued.node, queued.due, queued.priority, served.place, served.room
        FROM stagemark_queue AS queued JOIN served ON queued.workflow = served.workflow
            AND queued.version = served.version AND queued.node = served.node
        WHERE queued.run = ANY ({hinted}) AND queued.due <= {now}
        FOR UPDATE OF queued SKIP LOCKED"
    )
}

const NEXT_DUE: &str = "SELECT min(next.due) FROM served CROSS JOIN level CROSS JOIN LATERAL (
            SELECT due FROM stagemark_queue AS queued
            WHERE queued.workflow = served.workflow AND queued.version = served.version AND queued.node = served.node
                AND queued.priority = level.priority";

/// Each worker that holds or tries something is found by one step in an index, however much it has.
const HOLDING: &str = "
        holding (worker) AS (
            (SELECT holder FROM stagemark_run WHERE status < 2 AND holder IS NOT NULL ORDER BY holder LIMIT 1)
            UNION ALL
            SELECT (SELECT holder FROM stagemark_run WHERE status < 2 AND holder > worker ORDER BY holder LIMIT 1)
            FROM holding WHERE worker IS NOT NULL
        ),
        trying (worker) AS (
            (SELECT stored.worker FROM stagemark_marker AS stored WHERE phase = 1 AND stored.worker IS NOT NULL
            ORDER BY stored.worker LIMIT 1)
            UNION ALL
            SELECT (SELECT stored.worker FROM stagemark_marker AS stored
                WHERE phase = 1 AND stored.worker > trying.worker ORDER BY stored.worker LIMIT 1)
            FROM trying WHERE trying.worker IS NOT NULL
        ),";

fn lapsed_workers(me: &str, now: &str) -> String {
    format!(
        "SELECT worker FROM (SELECT worker FROM holding UNION SELECT worker FROM trying) AS lessee
        WHERE worker IS NOT NULL AND worker <> {me}
            AND NOT EXISTS (SELECT 1 FROM stagemark_worker WHERE id = worker AND until >= {now})"
    )
}

/// Runs of these workers that the one who asks serves, as many as it asks for.
async fn lapsed_runs(connections: &Connections, claim: &Claim, workers: &[WorkerId]) -> Result<Vec<RunId>, DbErr> {
    if workers.is_empty() || claim.served.is_empty() {
        return Ok(Vec::new());
    }
    let rows = connections.ask(lapsed_call(claim, workers)).await?;
    rows.iter().map(|row| run_at(row, 0)).collect::<Result<_, _>>().map_err(failed_query)
}

pub(super) fn lapsed_call<'a>(claim: &'a Claim, workers: &[WorkerId]) -> Call<'a> {
    let served: BTreeSet<(&str, u32)> = claim.served.iter().map(|served| (&*served.workflow, served.version)).collect();
    let mut call = Call::new(Form::Arrays);
    let limit = call.long(i64::from(claim.lapsed));
    let workers = call.rows("lapsed", [("id", Column::Uuids(workers.iter().map(|id| Some(worker_of(*id))).collect()))]);
    let served = call.rows(
        "served",
        [
            ("workflow", Column::Texts(served.iter().map(|(workflow, _)| Some(*workflow)).collect())),
            ("version", Column::Integers(served.iter().map(|(_, version)| Some(integer_of(*version))).collect())),
        ],
    );
    call.saying(format!(
        "WITH served AS MATERIALIZED (SELECT * FROM {served})
        SELECT run FROM (
            SELECT held.id AS run FROM {workers} CROSS JOIN LATERAL (
                SELECT id FROM stagemark_run WHERE status < 2 AND holder = lapsed.id
                    AND (workflow, version) IN (SELECT workflow, version FROM served) LIMIT {limit}) AS held
            UNION
            SELECT tried.run FROM {workers} CROSS JOIN LATERAL (
                SELECT stored.run FROM stagemark_marker AS stored JOIN stagemark_run AS known ON known.id = stored.run
                WHERE stored.phase = 1 AND stored.worker = lapsed.id AND known.status < 2
                    AND (known.workflow, known.version) IN (SELECT workflow, version FROM served) LIMIT {limit}) AS tried
        ) AS found ORDER BY run LIMIT {limit}"
    ))
}
