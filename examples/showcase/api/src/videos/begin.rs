//! A player announces a video.

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use sha2::{Digest, Sha256};
use stagemark_contest_contract::{FieldProblem, Moment, NewVideo, Video};
use stagemark_contest_records::{
    entity::video::{self, Model},
    videos::{self, Asked},
};
use uuid::Uuid;

use super::{cards::page_of, incoming};
use crate::{Api, Caller, Kind, Problem, Shared, body::Json, problem::whole, uploads::Family};

const TITLE_CHARS_MAX: usize = 80;
const FILE_NAME_CHARS_MAX: usize = 255;
const KEY_BYTES_MAX: usize = 128;

/// Begins a video.
///
/// A request that is repeated with its key is the same video.
#[utoipa::path(
    post, path = "/api/videos", tag = "uploads", request_body = NewVideo,
    params(("Idempotency-Key" = String, Header, description = "The player's own name for this request: 1 to 128 visible ASCII characters",
        min_length = 1, max_length = 128)),
    responses(
        (status = 201, description = "It is begun", body = Video, headers(("Location" = String, description = "Where it is"))),
        (status = 200, description = "It was begun before, under the same key", body = Video, headers(("Location" = String, description = "Where it is"))),
        (status = 400, description = "malformed-request"),
        (status = 422, description = "invalid-fields, idempotency-key-reused"),
        (status = 429, description = "rate-limited"),
    ),
    security(("token" = [])),
)]
pub(super) async fn begin_video(
    State(api): State<Shared>,
    caller: Caller,
    headers: HeaderMap,
    Json(new): Json<NewVideo>,
) -> Result<Response, Problem> {
    api.limits.write(caller.player)?;
    let key = key_of(&headers)?;
    let new = checked(new, api.settings.upload_bytes_max)?;
    let asked = Asked { player: caller.player, key, fingerprint: fingerprint(&new)? };
    let (status, video) = begun(&api, asked, new).await?;
    let page = page_of(&api, Some(caller), video.clone()).await?;
    let mut response = (status, axum::Json(page)).into_response();
    if let Ok(location) = HeaderValue::from_str(&format!("/api/videos/{}", video.id)) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// The video of this request: a new one, or that of an earlier request.
async fn begun(api: &Api, asked: Asked, new: NewVideo) -> Result<(StatusCode, Model), Problem> {
    let gone = match earlier(api, &asked).await? {
        Earlier::Video(video) => return Ok((StatusCode::OK, *video)),
        Earlier::Gone(video) => Some(video),
        Earlier::None => None,
    };
    let video = incoming::open(api, asked.player, new).await?;
    let transaction = api.records.begin().await?;
    let is_first = videos::begin(&transaction, video.clone(), asked.clone(), gone).await?;
    if is_first {
        transaction.commit().await?;
        return Ok((StatusCode::CREATED, video));
    }
    drop(transaction);
    incoming::discard(api, &video).await;
    match earlier(api, &asked).await? {
        Earlier::Video(video) => Ok((StatusCode::OK, *video)),
        _ => Err(Problem::new(Kind::Conflict, "Another request with this key was answered in this moment; ask again.")),
    }
}

enum Earlier {
    None,
    Video(Box<Model>),
    /// The video was cancelled or deleted since: the key is free again.
    Gone(Uuid),
}

async fn earlier(api: &Api, asked: &Asked) -> Result<Earlier, Problem> {
    let Some(earlier) = videos::asked(api.records.reader(), asked.player, &asked.key).await? else {
        return Ok(Earlier::None);
    };
    let found = videos::find(api.records.reader(), earlier.video).await?;
    let Some(video) = found.filter(|video| video.state != video::State::Erasing) else {
        return Ok(Earlier::Gone(earlier.video));
    };
    if earlier.fingerprint == asked.fingerprint {
        return Ok(Earlier::Video(Box::new(video)));
    }
    Err(Problem::new(Kind::IdempotencyKeyReused, "This key belongs to a request for another video; take a new one."))
}

fn key_of(headers: &HeaderMap) -> Result<String, Problem> {
    let mut given = headers.get_all("idempotency-key").iter();
    let (key, others) = (given.next(), given.next());
    let key = key
        .filter(|_| others.is_none())
        .and_then(|key| key.to_str().ok())
        .filter(|key| (1..=KEY_BYTES_MAX).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic()));
    let refused = || {
        let wanted = "Send one header Idempotency-Key of 1 to 128 visible ASCII characters, another for each video.";
        Problem::new(Kind::MalformedRequest, wanted)
    };
    key.map(str::to_owned).ok_or_else(refused)
}

fn checked(new: NewVideo, bytes_max: u64) -> Result<NewVideo, Problem> {
    let new = NewVideo { title: new.title.trim().to_owned(), ..new };
    let mut errors = Vec::new();
    let mut refuse = |field: &str, message: String| errors.push(FieldProblem { field: field.to_owned(), message });
    if !is_text(&new.title, TITLE_CHARS_MAX) {
        refuse("title", format!("must have 1 to {TITLE_CHARS_MAX} characters, and none that cannot be seen"));
    }
    if !is_text(&new.file_name, FILE_NAME_CHARS_MAX) {
        refuse("file_name", format!("must have 1 to {FILE_NAME_CHARS_MAX} characters, and none that cannot be seen"));
    }
    if !(1..=bytes_max).contains(&new.size_bytes) {
        refuse("size_bytes", format!("must be from 1 to {bytes_max}"));
    }
    if Family::of_type(&new.content_type).is_none() {
        let message = "must be video/mp4, video/quicktime, video/webm or video/x-matroska";
        refuse("content_type", message.to_owned());
    }
    if errors.is_empty() { Ok(new) } else { Err(Problem::fields(errors)) }
}

fn is_text(text: &str, chars_max: usize) -> bool {
    (1..=chars_max).contains(&text.chars().count()) && !text.chars().any(char::is_control)
}

fn fingerprint(new: &NewVideo) -> Result<Vec<u8>, Problem> {
    let text = serde_json::to_vec(new).map_err(|error| Problem::internal("reading a request", &error))?;
    Ok(Sha256::digest(text).to_vec())
}

/// The row of a video whose file is to come in.
pub(super) fn row(player: Uuid, new: NewVideo) -> Result<Model, Problem> {
    let id = Uuid::now_v7();
    Ok(Model {
        id,
        player,
        title_key: new.title.to_lowercase(),
        title: new.title,
        file_name: new.file_name,
        content_type: new.content_type,
        size_bytes: whole("keeping the size of a file", new.size_bytes)?,
        state: video::State::Uploading,
        created_at: Moment::now().0,
        upload_key: format!("{}/parts", videos::upload_folder(id)),
        upload_id: None,
        run: None,
        runs: 0,
        published_at: None,
        duration_ms: None,
        width_px: None,
        height_px: None,
        video_key: None,
        poster_key: None,
        preview_key: None,
        sprites_key: None,
        sprites: None,
    })
}
