//! The upload of a video in parts: what is to be sent, that it was, and that it will not be.

use std::collections::{BTreeMap, HashSet};

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use stagemark_blob::{PartsError, StoredPart};
use stagemark_contest_contract::{Upload, UploadPart, Video};
use stagemark_contest_records::{
    entity::video::{self, Model},
    videos,
};
use uuid::Uuid;

use super::{
    cards::page_of,
    incoming::{discard, refused, size_of, submit, upload_of},
    own,
};
use crate::{
    Api, Caller, Kind, Problem, Shared,
    body::Path,
    uploads::{Part, expiry, part_bytes, sizes_of},
};

/// How the file is to be sent.
///
/// Parts that are stored need not be sent again.
#[utoipa::path(
    get, path = "/api/videos/{id}/upload", tag = "uploads", params(("id" = Uuid, Path, description = "Which video")),
    responses(
        (status = 200, description = "The parts", body = Upload),
        (status = 404, description = "not-found"),
        (status = 409, description = "conflict"),
    ),
    security(("token" = [])),
)]
pub(super) async fn get_upload(
    State(api): State<Shared>,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<Response, Problem> {
    let video = own(&api, caller, id).await?;
    let upload = upload_of(&video)?;
    let stored = api.uploads.parts().stored(&upload).await.map_err(refused)?;
    let stored: HashSet<_> = stored.iter().map(|&StoredPart { number, size_bytes }| (number, size_bytes)).collect();
    let (size_bytes, expires_at) = (size_of(&video)?, expiry());
    let mut parts = Vec::new();
    for (number, size_bytes) in (1..).zip(sizes_of(size_bytes)) {
        let part = Part { video: id, upload: &upload, number, size_bytes, expires_at };
        let url = api.uploads.part_url(part).await.map_err(refused)?;
        let is_stored = stored.contains(&(number, size_bytes));
        // The length is signed too; browsers send it by themselves, and let nobody set it.
        parts.push(UploadPart { number, size_bytes, is_stored, url, headers: BTreeMap::new() });
    }
    let upload = Upload { part_bytes: part_bytes(size_bytes), size_bytes, expires_at, parts };
    // The URLs are rights.
    Ok(([(header::CACHE_CONTROL, "no-store")], axum::Json(upload)).into_response())
}

/// All parts are sent.
///
/// The video is queued and its run submitted, both or neither. Doing it again changes nothing.
#[utoipa::path(
    post, path = "/api/videos/{id}/upload/complete", tag = "uploads", params(("id" = Uuid, Path, description = "Which video")),
    responses(
        (status = 202, description = "The file is here, and the video on its way", body = Video,
            headers(("Location" = String, description = "Where its run is"))),
        (status = 404, description = "not-found"),
        (status = 409, description = "conflict: parts are missing, or the upload is not open any more"),
        (status = 415, description = "unsupported-media-type: the file is no video of the type that was announced"),
        (status = 429, description = "rate-limited"),
    ),
    security(("token" = [])),
)]
pub(super) async fn complete_upload(
    State(api): State<Shared>,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<Response, Problem> {
    api.limits.write(caller.player)?;
    let video = own(&api, caller, id).await?;
    if video.state != video::State::Uploading {
        return accepted(&api, caller, video).await;
    }
    let upload = upload_of(&video)?;
    match api.uploads.parts().complete(&upload, &sizes_of(size_of(&video)?)).await {
        // Another request may have completed it in this moment, and be about to submit it: then the file is here.
        Ok(_) | Err(PartsError::NotOpen { .. }) => {}
        Err(error) => return Err(refused(error)),
    }
    let queued = match submit(&api, &video, upload.key).await {
        Ok(queued) => queued,
        // Another may also have submitted it, and its run have used the file up.
        Err(problem) => {
            let found = own(&api, caller, id).await.ok().filter(|found| found.state != video::State::Uploading);
            found.ok_or(problem)?
        }
    };
    accepted(&api, caller, queued).await
}

/// The file will not be sent.
///
/// What has come in is removed, and the video with it.
#[utoipa::path(
    delete, path = "/api/videos/{id}/upload", tag = "uploads", params(("id" = Uuid, Path, description = "Which video")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, description = "not-found"),
        (status = 409, description = "conflict: the file has come in; delete the video instead"),
        (status = 429, description = "rate-limited"),
    ),
    security(("token" = [])),
)]
pub(super) async fn cancel_upload(
    State(api): State<Shared>,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    api.limits.write(caller.player)?;
    own(&api, caller, id).await?;
    let transaction = api.records.begin().await?;
    let Some(cancelled) = videos::cancel(&transaction, id).await? else {
        return Err(Problem::new(Kind::Conflict, "The file of this video has come in. Delete the video instead."));
    };
    transaction.commit().await?;
    discard(&api, &cancelled).await;
    Ok(StatusCode::NO_CONTENT)
}

/// That the video is on its way, and where that is told.
pub(super) async fn accepted(api: &Api, caller: Caller, video: Model) -> Result<Response, Problem> {
    let mut headers = HeaderMap::new();
    if let Ok(location) = HeaderValue::from_str(&format!("/api/videos/{}/run", video.id)) {
        headers.insert(header::LOCATION, location);
    }
    let page = page_of(api, Some(caller), video).await?;
    Ok((StatusCode::ACCEPTED, headers, axum::Json(page)).into_response())
}
