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
    collect(&rows).map_err(failed_query)
}

/// Live runs are counted by their index: what has ended may be most of the table.
fn call(count: &Count) -> Call<'static> {
    let mut call = Call::new(Form::Arrays);
    let (now, limit) = (call.long(moment_of(count.now)), call.long(count.limit.into()));
    call.saying(format!(
        "SELECT 0 AS kind, workflow, status::bigint AS detail, count(*)
        FROM (SELECT workflow, status FROM stagemark_run WHERE status < 2 LIMIT {limit}) AS live
        GROUP BY workflow, status
        UNION ALL
        SELECT 1, workflow, min(due), count(*)
        FROM (SELECT workflow, due FROM stagemark_queue WHERE due <= {now} LIMIT {limit}) AS waiting
        GROUP BY workflow
        UNION ALL
        SELECT 2, '', 0, count(*) FROM (SELECT 1 FROM stagemark_outbox LIMIT {limit}) AS unsent"
    ))
}

fn collect(rows: &[PgRow]) -> Result<Counts, sqlx::Error> {
    let mut counts = Counts::default();
    for row in rows {
        let (detail, number) = (row.try_get::<i64, _>(2)?, row.try_get::<i64, _>(3)?);
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        let workflow = row.try_get::<String, _>(1)?.into();
        match row.try_get::<i32, _>(0)? {
            0 => counts.runs.push(RunCount { workflow, status: status_of(detail)?, runs: number }),
            1 => counts.queues.push(QueueCount { workflow, due: number, oldest: timestamp_of(detail) }),
            _ => counts.unsent = number,
        }
    }
    Ok(counts)
}
