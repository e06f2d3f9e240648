//! Listing runs without their payloads.

use sea_orm::DbErr;
use sqlx::{Row, postgres::PgRow};
use stagemark::ports::{Filter, Summary};
use uuid::Uuid;

use super::{
    call::{Call, Form},
    pool::Connections,
    values::{ended_of, failed_query, moment_of, run_at, status_of},
};

pub(super) async fn list(connections: &Connections, filter: &Filter) -> Result<Vec<Summary>, DbErr> {
    let rows = connections.ask(call(filter)).await?;
    rows.iter().map(summary).collect::<Result<_, _>>().map_err(failed_query)
}

/// Live runs are found by their index before they are put in order: what has ended may be most of the table.
fn call(filter: &Filter) -> Call<'static> {
    let mut call = Call::new(Form::Arrays);
    let (now, limit) = (call.long(moment_of(filter.now)), call.long(i64::from(filter.limit)));
    let columns = "SELECT id, holder, version, status, workflow FROM stagemark_run";
    let listed = if filter.ended {
        format!("{columns} ORDER BY id LIMIT {limit}")
    } else {
        format!("{columns} WHERE status < 2")
    };
    call.saying(format!(
        "WITH candidate AS MATERIALIZED ({listed}),
        listed AS MATERIALIZED (SELECT * FROM candidate ORDER BY id LIMIT {limit})
        SELECT id, holder, version, status, workflow,
            (SELECT count(*) FROM stagemark_worker AS alive WHERE alive.until >= {now} AND (alive.id = listed.holder
                OR EXISTS (SELECT 1 FROM stagemark_marker AS stored
                    WHERE stored.run = listed.id AND stored.phase = 1 AND stored.worker = alive.id))),
            (SELECT count(*) FROM stagemark_queue WHERE run = listed.id)
        FROM listed ORDER BY id"
    ))
}

fn summary(row: &PgRow) -> Result<Summary, sqlx::Error> {
    let count = |at: usize| row.try_get::<i64, _>(at).map(|count| u32::try_from(count).unwrap_or(u32::MAX));
    Ok(Summary {
        id: run_at(row, 0)?,
        holder: row.try_get::<Option<Uuid>, _>(1)?.map(ended_of),
        version: row.try_get::<i32, _>(2)?.cast_unsigned(),
        status: status_of(row.try_get::<i16, _>(3)?.into())?,
        workflow: row.try_get::<String, _>(4)?.into(),
        leases: count(5)?,
        queued: count(6)?,
    })
}
