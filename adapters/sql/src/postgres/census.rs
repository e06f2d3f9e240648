//! Counting what the database holds, at a bounded cost: each number stops at a limit.

use sea_orm::DbErr;
use sqlx::{Row, postgres::PgRow};
use stagemark::ports::{Count, Counts, QueueCount, RunCount};

use super::{
    call::{Call, Form},
    pool::Connections,
    values::{failed_query, moment_of, status_of, timestamp_of},
};

pub(super) async fn census(connections: &Connections, count: &Count) -> Result<Counts, DbErr> {
    let rows = connections.ask(call(count)).await?;
    let mut counts = Counts::default();
    for row in &rows {
        add(&mut counts, row).map_err(failed_query)?;
    }
    Ok(counts)
}

/// Runs have a status, queues the moment of their oldest place, and hints neither.
fn call(count: &Count) -> Call<'static> {
    let mut call = Call::new(Form::Arrays);
    let (now, limit) = (call.long(moment_of(count.now)), call.long(i64::from(count.limit)));
    call.saying(format!(
        "SELECT workflow, status, NULL::bigint, count(*)
            FROM (SELECT workflow, status FROM stagemark_run WHERE status < 2 LIMIT {limit}) AS live
            GROUP BY workflow, status
        UNION ALL SELECT workflow, NULL, min(due), count(*)
            FROM (SELECT workflow, due FROM stagemark_queue WHERE due <= {now} LIMIT {limit}) AS waiting
            GROUP BY workflow
        UNION ALL SELECT NULL, NULL, NULL, count(*) FROM (SELECT FROM stagemark_outbox LIMIT {limit}) AS unsent"
    ))
}

fn add(counts: &mut Counts, row: &PgRow) -> Result<(), sqlx::Error> {
    let count = u32::try_from(row.try_get::<i64, _>(3)?).unwrap_or(u32::MAX);
    let Some(workflow) = row.try_get::<Option<String>, _>(0)? else {
        counts.unsent = count;
        return Ok(());
    };
    let workflow = workflow.into();
    if let Some(status) = row.try_get::<Option<i16>, _>(1)? {
        counts.runs.push(RunCount { workflow, status: status_of(status.into())?, runs: count });
    } else {
        let oldest = timestamp_of(row.try_get::<Option<i64>, _>(2)?.unwrap_or(0));
        counts.queues.push(QueueCount { workflow, due: count, oldest });
    }
    Ok(())
}
