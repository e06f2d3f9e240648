//! The graphs of workflows.

use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, Value};

use super::{Sqlite, statements::statement};

const GRAPH: &str = "SELECT graph FROM stagemark_workflow WHERE name = ? AND version = ?";

const KEEP: &str = "INSERT INTO stagemark_workflow (name, version, graph) VALUES (?, ?, ?) ON CONFLICT DO NOTHING";

/// The graph that is kept: the first that was proposed.
pub(super) async fn graph(
    store: &Sqlite,
    workflow: &str,
    version: u32,
    proposed: Option<&str>,
) -> Result<Option<String>, DbErr> {
    let key = || [Value::from(workflow), i64::from(version).into()];
    let kept = look_up(&store.reader, key()).await?;
    let (None, Some(graph)) = (&kept, proposed) else { return Ok(kept) };
    let row = key().into_iter().chain([graph.into()]);
    store.writer.execute_raw(statement(KEEP, row)).await?;
    look_up(&store.reader, key()).await
}

async fn look_up(reader: &DatabaseConnection, key: [Value; 2]) -> Result<Option<String>, DbErr> {
    let row = reader.query_one_raw(statement(GRAPH, key)).await?;
    row.map(|row| row.try_get_by_index(0)).transpose()
}
