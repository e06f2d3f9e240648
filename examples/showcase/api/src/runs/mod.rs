//! The runs of videos, as their players follow them.

mod events;
mod follow;
mod orders;
mod reasons;
mod stages;

use stagemark::{RunError, RunStatus};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{Api, Kind, Problem, Shared};

pub(crate) use orders::retry;
pub(crate) use stages::{moment, run_status, stage_state, video_state};

/// What is answered in a moment.
pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(follow::get_run))
        .routes(routes!(follow::get_history))
        .routes(routes!(orders::cancel_run))
        .routes(routes!(orders::retry_run))
}

/// What is told for as long as there is something to tell.
pub(crate) fn slow_routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(events::run_events))
}

/// Where a video's run is; `None` if its engine has forgotten it.
pub(crate) async fn status_of(api: &Api, run: Uuid) -> Result<Option<RunStatus>, Problem> {
    match api.engine.status_of(run.into()).await {
        Err(RunError::Unknown(_)) => Ok(None),
        status => status.map(Some).map_err(failed),
    }
}

/// Stops a video's run, if it goes on.
pub(crate) async fn stop(api: &Api, run: Uuid) -> Result<(), Problem> {
    match api.engine.cancel_run(run.into()).await {
        Err(RunError::Unknown(_)) => Ok(()),
        stopped => stopped.map(drop).map_err(failed),
    }
}

/// Nothing of the engine's words is shown.
#[expect(clippy::needless_pass_by_value, reason = "as map_err gives it")]
fn failed(error: RunError) -> Problem {
    match error {
        RunError::NotServed { .. } => {
            let detail = "No worker has ever served the workflow of this run, so that it cannot be stopped. Start one.";
            Problem::new(Kind::Conflict, detail)
        }
        RunError::Store(_) | RunError::Closed => Problem::unavailable("asking the engine for a run", &error),
        _ => Problem::internal("asking the engine for a run", &error),
    }
}
