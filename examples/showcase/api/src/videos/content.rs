//! Files that come in through this host, streamed: it holds a piece of each.

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use futures::TryStreamExt;
use stagemark::ports::ArtifactError;
use stagemark_blob::{LocalArtifacts, PartUpload, PartsError};
use stagemark_contest_contract::Video;
use stagemark_contest_records::{entity::video, videos::upload_folder};
use uuid::Uuid;

use super::{
    incoming::{discard_parts, size_of, submit, upload_of},
    own, stream,
    upload::accepted,
};
use crate::{Api, Caller, Kind, Problem, Shared, body::Path, uploads::Token};

/// The whole file, in one request.
///
/// The video is queued and its run submitted, both or neither.
#[utoipa::path(
    put, path = "/api/videos/{id}/content", tag = "uploads", params(("id" = Uuid, Path, description = "Which video")),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "The file, of the size that was announced"),
    responses(
        (status = 202, description = "The file is here, and the video on its way", body = Video,
            headers(("Location" = String, description = "Where its run is"))),
        (status = 404, description = "not-found"),
        (status = 409, description = "conflict: the file has come in already"),
        (status = 415, description = "unsupported-media-type: the file is no video of the type that was announced"),
        (status = 429, description = "rate-limited"),
    ),
    security(("token" = [])),
)]
pub(super) async fn put_content(
    State(api): State<Shared>,
    caller: Caller,
    Path(id): Path<Uuid>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    api.limits.write(caller.player)?;
    let video = own(&api, caller, id).await?;
    let (upload, size_bytes) = (upload_of(&video)?, size_of(&video)?);
    stream::announces(&headers, size_bytes)?;
    // A name of its own: of two that send at once neither writes over what the other's run reads.
    let key = format!("{}/{}", upload_folder(id), Uuid::now_v7());
    receive(&api, &key, body, size_bytes).await?;
    let queued = submit(&api, &video, key).await?;
    if queued.state != video::State::Uploading {
        discard_parts(&api, &upload).await;
    }
    accepted(&api, caller, queued).await
}

async fn receive(api: &Api, key: &str, body: Body, size_bytes: u64) -> Result<(), Problem> {
    let mut sink = api.uploads.artifacts().write(key).await.map_err(unwritable)?;
    let mut pieces = stream::exactly(body, size_bytes);
    while let Some(piece) = pieces.try_next().await? {
        sink.write(piece).await.map_err(unwritable)?;
    }
    sink.finish().await.map(drop).map_err(unwritable)
}

#[expect(clippy::needless_pass_by_value, reason = "as map_err gives it")]
fn unwritable(error: ArtifactError) -> Problem {
    Problem::unavailable("writing an upload", &error)
}

/// A part of a file.
///
/// The URL is given by the upload, and permits this part in this length for a while; nothing else is needed.
#[utoipa::path(
    put, path = "/api/uploads/{token}", tag = "uploads", params(("token" = String, Path, description = "As the upload gave it")),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "The part, of its size"),
    responses(
        (status = 204, description = "It is stored"),
        (status = 403, description = "forbidden: the URL is not good, or no longer"),
        (status = 404, description = "not-found: the upload is not open any more"),
    ),
)]
pub(super) async fn put_part(
    State(api): State<Shared>,
    Path(token): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode, Problem> {
    let refused = || Problem::new(Kind::Forbidden, "This URL is not good, or no longer. Ask the upload for new ones.");
    let (artifacts, token) = api.uploads.permitted(&token).ok_or_else(refused)?;
    stream::announces(&headers, token.size_bytes)?;
    receive_part(artifacts, token, body).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn receive_part(artifacts: &LocalArtifacts, token: Token, body: Body) -> Result<(), Problem> {
    let upload = PartUpload { key: upload_folder(token.video), id: token.upload.to_string() };
    let mut part = artifacts.write_part(&upload, token.number).await.map_err(not_taken)?;
    let mut pieces = stream::exactly(body, token.size_bytes);
    while let Some(piece) = pieces.try_next().await? {
        part.write(&piece).await.map_err(not_taken)?;
    }
    part.finish().await.map(drop).map_err(not_taken)
}

fn not_taken(error: PartsError) -> Problem {
    match error {
        PartsError::NotOpen { .. } => Problem::new(Kind::NotFound, "The upload is not open any more."),
        error => super::incoming::refused(error),
    }
}
