//! The graphs of workflows.

use sea_orm::DbErr;
use sqlx::Row;

use super::{
    call::{Call, Form},
    pool::Connections,
    values::{failed_query, integer_of},
};

/// The graph that is kept: the first that was proposed.
pub(super) async fn graph(
    connections: &Connections,
    workflow: &str,
    version: u32,
    proposed: Option<&str>,
) -> Result<Option<String>, DbErr> {
    let kept = look_up(connections, workflow, version).await?;
    let (None, Some(graph)) = (&kept, proposed) else { return Ok(kept) };
    let mut call = Call::new(Form::Arrays);
    let (name, version_of, graph) = (call.string(workflow), call.long(integer_of(version).into()), call.string(graph));
    let text = format!(
        "INSERT INTO stagemark_workflow (name, version, graph) VALUES ({name}, ({version_of})::integer, {graph})
        ON CONFLICT DO NOTHING"
    );
    connections.ask(call.saying(text)).await?;
    look_up(connections, workflow, version).await
}

async fn look_up(connections: &Connections, workflow: &str, version: u32) -> Result<Option<String>, DbErr> {
    let mut call = Call::new(Form::Arrays);
    let (name, version) = (call.string(workflow), call.long(integer_of(version).into()));
    let text = format!("SELECT graph FROM stagemark_workflow WHERE name = {name} AND version = ({version})::integer");
    let rows = connections.ask(call.saying(text)).await?;
    rows.first().map(|row| row.try_get(0)).transpose().map_err(failed_query)
}
