//! Hints that no broker has confirmed yet.

use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, QueryResult};
use stagemark::{Timestamp, ports::Hint};

use super::{
    statements::{SENT, statement},
    values::{blob_of, integer_of, priority_of},
};

/// What a hint says besides its place and pool is said by its run.
pub(super) const UNSENT: &str = "SELECT run, node, workflow, version, pool, priority, trace
    FROM stagemark_outbox CROSS JOIN stagemark_run ON id = run WHERE written < ? ORDER BY written, run, node LIMIT ?";

pub(super) async fn unsent(reader: &DatabaseConnection, before: Timestamp, limit: u32) -> Result<Vec<Hint>, DbErr> {
    let values = [integer_of(before.0), i64::from(limit).into()];
    reader.query_all_raw(statement(UNSENT, values)).await?.iter().map(hint).collect()
}

pub(super) async fn sent(writer: &DatabaseConnection, hints: &[Hint]) -> Result<(), DbErr> {
    let places = hints.iter().flat_map(|hint| [blob_of(hint.run), i64::from(hint.node).into()]).collect();
    for statement in SENT.statements(&[], places) {
        writer.execute_raw(statement).await?;
    }
    Ok(())
}

fn hint(row: &QueryResult) -> Result<Hint, DbErr> {
    Ok(Hint {
        run: row.try_get_by_index::<uuid::Uuid>(0)?.into(),
        node: row.try_get_by_index(1)?,
        workflow: row.try_get_by_index::<String>(2)?.into(),
        version: row.try_get_by_index(3)?,
        pool: row.try_get_by_index::<String>(4)?.into(),
        priority: priority_of(row.try_get_by_index(5)?)?,
        trace: row.try_get_by_index::<Option<String>>(6)?.map(Into::into),
    })
}
