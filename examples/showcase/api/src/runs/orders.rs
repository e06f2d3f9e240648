//! What a player orders of a run: to stop, or to be tried again.

use axum::{
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use stagemark::{Artifact, Status, ports::ArtifactError};
use stagemark_contest_contract::{Clip, Moment, PUBLISH_CLIP, RunView};
use stagemark_contest_records::{
    entity::video::{Model, State as VideoRow},
    videos::{self, Submitted},
};
use stagemark_sql::SubmitIn;
use uuid::Uuid;

use super::{stages::view, status_of, stop};
use crate::{Api, Caller, Kind, Problem, Shared, body::Path, problem::whole, trace::traced, videos::administered};

/// Stops the run of a video.
///
/// No step of it is done any more; one that is under way hears of it within a few seconds.
#[utoipa::path(
    post, path = "/api/videos/{id}/run/cancel", tag = "runs", params(("id" = Uuid, Path, description = "Which video")),
    responses(
        (status = 202, description = "It stops, or had ended before", body = RunView),
        (status = 404, description = "not-found"),
        (status = 409, description = "conflict: no worker has ever served its workflow"),
        (status = 429, description = "rate-limited"),
    ),
    security(("token" = [])),
)]
pub(super) async fn cancel_run(
    State(api): State<Shared>,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<Response, Problem> {
    api.limits.write(caller.player)?;
    let run = administered(&api, caller, id).await?.run.ok_or_else(Problem::not_found)?;
    stop(&api, run).await?;
    told(&api, id, run).await
}

/// Tries a video again whose run has failed or was cancelled.
///
/// It is a new run over the same file.
#[utoipa::path(
    post, path = "/api/videos/{id}/run/retry", tag = "runs", params(("id" = Uuid, Path, description = "Which video")),
    responses(
        (status = 202, description = "It is tried again", body = RunView, headers(("Location" = String, description = "Where the new run is"))),
        (status = 404, description = "not-found"),
        (status = 409, description = "conflict: its run goes on, or is done, or its file is gone"),
        (status = 429, description = "rate-limited"),
    ),
    security(("token" = [])),
)]
pub(super) async fn retry_run(
    State(api): State<Shared>,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<Response, Problem> {
    api.limits.write(caller.player)?;
    let video = administered(&api, caller, id).await?;
    let run = retry(&api, &video).await?;
    told(&api, id, run).await
}

/// One more run of a video whose latest has failed or was cancelled.
pub(crate) async fn retry(api: &Api, video: &Model) -> Result<Uuid, Problem> {
    let run = video.run.ok_or_else(Problem::not_found)?;
    let status = status_of(api, run).await?.ok_or_else(Problem::not_found)?.status;
    if !matches!(status, Status::Failed | Status::Cancelled) {
        return Err(Problem::new(Kind::Conflict, "Only a run that has failed or was cancelled can be tried again."));
    }
    let upload = file_of(api, video).await?;
    again(api, video, upload).await
}

/// The file of a video, if it is still there.
async fn file_of(api: &Api, video: &Model) -> Result<Artifact, Problem> {
    let failed = |error: ArtifactError| Problem::unavailable("looking for an upload", &error);
    let size_bytes = api.uploads.artifacts().size_bytes(&video.upload_key).await.map_err(failed)?;
    let gone = || Problem::new(Kind::Conflict, "The file of this video is not here any more. Send it as a new video.");
    size_bytes.map(|size_bytes| Artifact::new(video.upload_key.clone(), size_bytes)).ok_or_else(gone)
}

/// Submits one more run; of two who do so at once one does, and both are given that run.
async fn again(api: &Api, video: &Model, upload: Artifact) -> Result<Uuid, Problem> {
    let transaction = api.records.begin().await?;
    let found = videos::lock(&transaction, video.id).await?.filter(|found| found.state != VideoRow::Erasing);
    let found = found.ok_or_else(Problem::not_found)?;
    if found.runs != video.runs {
        return found.run.ok_or_else(Problem::not_found);
    }
    let n = found.runs + 1;
    let clip = Clip {
        video: video.id,
        n: whole("counting the runs of a video", n)?,
        upload,
        content_type: found.content_type.clone(),
    };
    let key = clip.key();
    let run = traced(api.engine.submit(PUBLISH_CLIP, clip)).key(key).submit_in(&transaction).await?;
    let id = run.id().uuid();
    let submitted = Submitted { run: id, n, at: Moment::now().0, upload_key: found.upload_key.clone() };
    videos::submitted(&transaction, &found, submitted).await?;
    transaction.commit().await?;
    run.wake();
    Ok(id)
}

async fn told(api: &Api, video: Uuid, run: Uuid) -> Result<Response, Problem> {
    let status = status_of(api, run).await?.ok_or_else(Problem::not_found)?;
    let mut response = (StatusCode::ACCEPTED, axum::Json(view(&status))).into_response();
    if let Ok(location) = HeaderValue::from_str(&format!("/api/videos/{video}/run")) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}
