//! What operators order of a run: to stop, or to be done once more.

use axum::{Json, extract::State, http::StatusCode};
use stagemark::RedriveError;
use stagemark_contest_contract::RunRef;
use stagemark_contest_records::videos;
use uuid::Uuid;

use crate::{
    Admin, Api, Kind, Problem, Shared,
    body::Path,
    runs::{retry, status_of, stop},
};

/// Stops a run.
#[utoipa::path(
    post, path = "/api/ops/runs/{run}/cancel", tag = "operations", params(("run" = Uuid, Path, description = "Which run")),
    responses(
        (status = 202, description = "It stops, or had ended before", body = RunRef),
        (status = 403, description = "forbidden"),
        (status = 404, description = "not-found"),
        (status = 409, description = "conflict: no worker has ever served its workflow"),
    ),
    security(("token" = [])),
)]
pub(super) async fn ops_cancel(
    State(api): State<Shared>,
    _admin: Admin,
    Path(run): Path<Uuid>,
) -> Result<(StatusCode, Json<RunRef>), Problem> {
    status_of(&api, run).await?.ok_or_else(Problem::not_found)?;
    stop(&api, run).await?;
    Ok((StatusCode::ACCEPTED, Json(RunRef { run })))
}

/// Does once more what a run was to do that has failed or was cancelled.
///
/// It is a new run, which is given. However often it is asked for, a run leads to one.
#[utoipa::path(
    post, path = "/api/ops/runs/{run}/redrive", tag = "operations", params(("run" = Uuid, Path, description = "Which run")),
    responses(
        (status = 202, description = "It is done once more", body = RunRef),
        (status = 403, description = "forbidden"),
        (status = 404, description = "not-found"),
        (status = 409, description = "conflict: the run goes on, or is done"),
    ),
    security(("token" = [])),
)]
pub(super) async fn ops_redrive(
    State(api): State<Shared>,
    _admin: Admin,
    Path(run): Path<Uuid>,
) -> Result<(StatusCode, Json<RunRef>), Problem> {
    let run = redriven(&api, run).await?;
    Ok((StatusCode::ACCEPTED, Json(RunRef { run })))
}

/// A video knows its runs: the new one of a video is made as its player would make it.
async fn redriven(api: &Api, run: Uuid) -> Result<Uuid, Problem> {
    if let Some(video) = videos::of_run(api.records.reader(), run).await? {
        return if video.run == Some(run) {
            retry(api, &video).await
        } else {
            video.run.ok_or_else(Problem::not_found)
        };
    }
    match api.engine.redrive(run.into()).await {
        Ok(run) => Ok(run.uuid()),
        Err(RedriveError::Unknown(_)) => Err(Problem::not_found()),
        Err(RedriveError::NotStopped { .. }) => {
            Err(Problem::new(Kind::Conflict, "Only a run that has failed or was cancelled can be redriven."))
        }
        Err(error) => Err(Problem::unavailable("redriving a run", &error)),
    }
}
