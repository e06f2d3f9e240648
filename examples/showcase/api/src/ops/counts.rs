//! How much there is to do.

use axum::{Json, extract::State};
use stagemark::Status;
use stagemark_contest_contract::{Counts, QueueCount, RunCounts};

use crate::{Admin, Problem, Shared};

/// How many runs there are, and what waits.
///
/// Of each, at most 100,000 are counted.
#[utoipa::path(
    get, path = "/api/ops/counts", tag = "operations", security(("token" = [])),
    responses((status = 200, description = "The counts", body = Counts), (status = 403, description = "forbidden")),
)]
pub(super) async fn counts(State(api): State<Shared>, _admin: Admin) -> Result<Json<Counts>, Problem> {
    let census = api.engine.census().await.map_err(|error| Problem::unavailable("counting runs", &error))?;
    let mut runs = RunCounts::default();
    for count in &census.runs {
        match count.status {
            Status::Queued => runs.queued += u64::from(count.runs),
            Status::Running => runs.running += u64::from(count.runs),
            // Those that have ended are not counted.
            _ => {}
        }
    }
    let due = census.queues.iter().map(|queue| u64::from(queue.due)).sum();
    let queues = census
        .queues
        .iter()
        .map(|queue| QueueCount { workflow: queue.workflow.to_string(), count: u64::from(queue.due) });
    Ok(Json(Counts { runs, due, queues: queues.collect() }))
}
