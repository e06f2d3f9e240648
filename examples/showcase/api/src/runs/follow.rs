//! Where the run of a video is, and how those before it went.

use axum::{extract::State, http::HeaderMap, response::Response};
use stagemark_contest_contract::{History, RunView};
use stagemark_contest_records::videos;
use uuid::Uuid;

use super::{
    stages::{past, view},
    status_of,
};
use crate::{Caller, Problem, Shared, body::Path, conditional, problem::whole, videos::administered};

/// Where the run of a video is.
///
/// Of several, the latest. It is told to the video's player alone.
#[utoipa::path(
    get, path = "/api/videos/{id}/run", tag = "runs", params(("id" = Uuid, Path, description = "Which video")),
    responses(
        (status = 200, description = "The run", body = RunView, headers(("ETag" = String, description = "What tells this answer from others"))),
        (status = 304, description = "It is the one that whoever asks has"),
        (status = 404, description = "not-found: no such video, or none of whoever asks, or its file has not come in"),
    ),
    security(("token" = [])),
)]
pub(super) async fn get_run(
    State(api): State<Shared>,
    caller: Caller,
    Path(id): Path<Uuid>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let run = administered(&api, caller, id).await?.run.ok_or_else(Problem::not_found)?;
    let status = status_of(&api, run).await?.ok_or_else(Problem::not_found)?;
    conditional::json(&headers, conditional::OWN, &view(&status))
}

/// All runs of a video, the latest first.
#[utoipa::path(
    get, path = "/api/videos/{id}/history", tag = "runs", params(("id" = Uuid, Path, description = "Which video")),
    responses(
        (status = 200, description = "The runs", body = History, headers(("ETag" = String, description = "What tells this answer from others"))),
        (status = 304, description = "It is the one that whoever asks has"),
        (status = 404, description = "not-found"),
    ),
    security(("token" = [])),
)]
pub(super) async fn get_history(
    State(api): State<Shared>,
    caller: Caller,
    Path(id): Path<Uuid>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    administered(&api, caller, id).await?;
    let mut runs = Vec::new();
    for row in videos::runs(api.records.reader(), id).await? {
        // What the engine has forgotten is too old to be told of.
        if let Some(status) = status_of(&api, row.run).await? {
            runs.push(past(whole("reading the number of a run", row.n)?, &status));
        }
    }
    conditional::json(&headers, conditional::OWN, &History { runs })
}
