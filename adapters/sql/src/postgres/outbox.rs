//! Hints that no broker has confirmed yet.

use sea_orm::DbErr;
use sqlx::{Row, postgres::PgRow};
use stagemark::{Timestamp, ports::Hint};

use super::{
    call::{Call, Column, Form},
    pool::Connections,
    values::{failed_query, moment_of, node_of, priority_of, run_at, text_at},
};

/// What a hint says besides its place and pool is said by its run.
pub(super) async fn unsent(connections: &Connections, before: Timestamp, limit: u32) -> Result<Vec<Hint>, DbErr> {
    let rows = connections.ask(unsent_call(before, limit)).await?;
    rows.iter().map(hint).collect::<Result<_, _>>().map_err(failed_query)
}

pub(super) fn unsent_call(before: Timestamp, limit: u32) -> Call<'static> {
    let mut call = Call::new(Form::Arrays);
    let (before, limit) = (call.long(moment_of(before)), call.long(limit.into()));
    call.saying(format!(
        "SELECT hint.run, hint.node, known.version, known.priority, known.workflow, hint.pool, known.trace
        FROM (SELECT run, node, pool, written FROM stagemark_outbox WHERE written < {before}
            ORDER BY written LIMIT {limit}) AS hint
        JOIN stagemark_run AS known ON known.id = hint.run ORDER BY hint.written, hint.run, hint.node"
    ))
}

pub(super) async fn sent(connections: &Connections, hints: &[Hint]) -> Result<(), DbErr> {
    if hints.is_empty() {
        return Ok(());
    }
    let mut call = Call::new(Form::Arrays);
    let rows = call.rows(
        "sent",
        [
            ("run", Column::Uuids(hints.iter().map(|hint| Some(hint.run.uuid())).collect())),
            ("node", Column::Integers(hints.iter().map(|hint| Some(i32::from(hint.node))).collect())),
        ],
    );
    let text = format!(
        "DELETE FROM stagemark_outbox AS hint USING {rows} WHERE hint.run = sent.run AND hint.node = sent.node"
    );
    connections.ask(call.saying(text)).await?;
    Ok(())
}

fn hint(row: &PgRow) -> Result<Hint, sqlx::Error> {
    Ok(Hint {
        run: run_at(row, 0)?,
        node: node_of(row.try_get::<i32, _>(1)?.into())?,
        version: row.try_get::<i32, _>(2)?.cast_unsigned(),
        priority: priority_of(row.try_get::<i16, _>(3)?.into())?,
        workflow: row.try_get::<String, _>(4)?.into(),
        pool: row.try_get::<String, _>(5)?.into(),
        trace: text_at(row, 6)?,
    })
}
