//! The files of a video that can be watched: the video itself, its poster, its preview, its sprites.

use std::fmt::Write as _;

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use stagemark::ports::ArtifactError;
use stagemark_contest_contract::PublishedSprites;
use stagemark_contest_records::entity::video::Model;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    ranges::{Label, give},
    watch::ready,
};
use crate::{Problem, Shared, body::Path, conditional, problem::whole};

/// Shorter than the URLs of a bucket are good for. A video that is deleted may be in a browser for so long.
const CACHE: &str = "private, max-age=600";

/// Which file of a video.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Medium {
    /// The file to play.
    Video,
    /// A picture of it.
    Poster,
    /// A few seconds of it.
    Preview,
    /// Small pictures of all of it.
    Sprites,
}

impl Medium {
    fn key(self, video: &Model) -> Option<&str> {
        match self {
            Self::Video => video.video_key.as_deref(),
            Self::Poster => video.poster_key.as_deref(),
            Self::Preview => video.preview_key.as_deref(),
            Self::Sprites => video.sprites_key.as_deref(),
        }
    }
}

/// What a file is, by the end of its name, which a step gave it.
fn type_of(key: &str) -> &'static str {
    match key.rsplit_once('.').map(|(_, end)| end) {
        Some("mp4") => "video/mp4",
        Some("webm") => "video/webm",
        Some("webp") => "image/webp",
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        _ => "application/octet-stream",
    }
}

/// A file of a video.
///
/// From a bucket by its own URL, which is good for a while; from a folder here, whole or a range of it.
#[utoipa::path(
    get, path = "/api/videos/{id}/media/{medium}", tag = "videos",
    params(("id" = Uuid, Path, description = "Which video"), ("medium" = inline(Medium), Path, description = "Which file of it"),
        ("Range" = Option<String>, Header, description = "Which bytes")),
    responses(
        (status = 200, description = "The file", content(
            (Vec<u8> = "video/mp4"), (Vec<u8> = "video/webm"), (Vec<u8> = "image/jpeg"), (Vec<u8> = "image/png"),
            (Vec<u8> = "image/webp"), (Vec<u8> = "application/octet-stream"),
        )),
        (status = 206, description = "The range", content(
            (Vec<u8> = "video/mp4"), (Vec<u8> = "video/webm"), (Vec<u8> = "image/jpeg"), (Vec<u8> = "image/png"),
            (Vec<u8> = "image/webp"), (Vec<u8> = "application/octet-stream"),
        )),
        (status = 304, description = "It is the one that whoever asks has"),
        (status = 307, description = "Where the file is", headers(("Location" = String, description = "Its URL"))),
        (status = 404, description = "not-found"),
        (status = 416, description = "no-such-range"),
    ),
)]
pub(super) async fn get_media(
    State(api): State<Shared>,
    Path((id, medium)): Path<(Uuid, Medium)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let video = ready(&api, id).await?;
    let key = medium.key(&video).ok_or_else(Problem::not_found)?;
    let content_type = type_of(key);
    if let Some(url) = api.uploads.view_url(key, content_type).await.map_err(failed)? {
        let location = HeaderValue::from_str(&url).map_err(|error| Problem::internal("signing a URL", &error))?;
        let headers = [(header::LOCATION, location), (header::CACHE_CONTROL, HeaderValue::from_static(CACHE))];
        return Ok((StatusCode::TEMPORARY_REDIRECT, headers).into_response());
    }
    let object = api.uploads.artifacts().open(key).await.map_err(failed)?;
    // Each attempt of a step writes under a key of its own, and never again.
    let tag = format!("\"{}\"", conditional::tag(key.as_bytes()));
    Ok(give(&headers, Label { content_type, cache: CACHE, tag: &tag }, object))
}

fn failed(error: ArtifactError) -> Problem {
    match error {
        ArtifactError::Missing { .. } => Problem::not_found(),
        error => Problem::unavailable("reading a file of a video", &error),
    }
}

/// Which small picture stands for which moment, in `WebVTT`.
#[utoipa::path(
    get, path = "/api/videos/{id}/sprites.vtt", tag = "videos", params(("id" = Uuid, Path, description = "Which video")),
    responses(
        (status = 200, description = "A cue for each", body = String, content_type = "text/vtt"),
        (status = 404, description = "not-found"),
    ),
)]
pub(super) async fn get_thumbnails(State(api): State<Shared>, Path(id): Path<Uuid>) -> Result<Response, Problem> {
    let video = ready(&api, id).await?;
    let sprites = video.sprites.as_deref().ok_or_else(Problem::not_found)?;
    let sprites: PublishedSprites =
        serde_json::from_str(sprites).map_err(|error| Problem::internal("reading the sprites of a video", &error))?;
    let url = format!("/api/videos/{id}/media/sprites");
    let headers = [(header::CONTENT_TYPE, "text/vtt; charset=utf-8"), (header::CACHE_CONTROL, CACHE)];
    let duration_ms = video.duration_ms.map(|duration| whole("reading how long a video is", duration)).transpose()?;
    Ok((headers, cues(&sprites, &url, duration_ms)).into_response())
}

/// The last picture stands to the end of the video.
fn cues(sprites: &PublishedSprites, url: &str, duration_ms: Option<u64>) -> String {
    let mut text = String::from("WEBVTT\n");
    for number in 0..sprites.count {
        let (from, next) = (u64::from(number) * sprites.interval_ms, u64::from(number + 1) * sprites.interval_ms);
        let is_last = number + 1 == sprites.count;
        let to = duration_ms.filter(|duration| is_last && *duration > from).unwrap_or(next);
        let (width, height) = (sprites.tile_width_px, sprites.tile_height_px);
        let columns = sprites.columns.max(1);
        let (x, y) = (number % columns * width, number / columns * height);
        // Writing to a string does not fail.
        let _written = write!(text, "\n{} --> {}\n{url}#xywh={x},{y},{width},{height}\n", time(from), time(to));
    }
    text
}

fn time(ms: u64) -> String {
    let (seconds, ms) = (ms / 1_000, ms % 1_000);
    format!("{:02}:{:02}:{:02}.{ms:03}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use stagemark::Artifact;

    use super::*;

    #[test]
    fn each_picture_has_its_cue_and_the_last_goes_to_the_end() {
        let sprites = PublishedSprites {
            sheet: Artifact::new("sprites.jpg", 1),
            columns: 2,
            rows: 2,
            tile_width_px: 160,
            tile_height_px: 90,
            interval_ms: 1_500,
            count: 3,
        };

        let cues = cues(&sprites, "/s", Some(3_700));

        let expected = "WEBVTT\n\n00:00:00.000 --> 00:00:01.500\n/s#xywh=0,0,160,90\n\n00:00:01.500 --> 00:00:03.000\n\
                        /s#xywh=160,0,160,90\n\n00:00:03.000 --> 00:00:03.700\n/s#xywh=0,90,160,90\n";
        assert_eq!(cues, expected);
    }
}
