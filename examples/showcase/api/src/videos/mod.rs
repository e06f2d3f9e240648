//! Videos: how they come in, and how they are found, watched and liked.

mod begin;
mod cards;
mod content;
mod incoming;
mod lists;
mod media;
mod ranges;
mod stream;
mod sweep;
mod upload;
mod watch;

use axum::extract::DefaultBodyLimit;
use stagemark_contest_records::{
    entity::video::{Model, State},
    videos,
};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{Api, Caller, Problem, Shared};

/// What is answered in a moment.
pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(begin::begin_video, lists::list_videos))
        .routes(routes!(watch::watch_video, watch::delete_video))
        .routes(routes!(watch::like_video, watch::unlike_video))
        .routes(routes!(upload::get_upload, upload::cancel_upload))
        .routes(routes!(upload::complete_upload))
        .routes(routes!(media::get_media))
        .routes(routes!(media::get_thumbnails))
}

/// What takes as long as its sender does, and looks after its own patience.
pub(crate) fn slow_routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(content::put_content))
        .routes(routes!(content::put_part))
        .layer(DefaultBodyLimit::disable())
}

/// The video, if it is one that can be spoken of.
async fn existing(api: &Api, video: Uuid) -> Result<Model, Problem> {
    let found = videos::find(api.records.reader(), video).await?;
    found.filter(|found| found.state != State::Erasing).ok_or_else(Problem::not_found)
}

/// The video, if it is this player's. Of those of others not even that they are there is told.
async fn own(api: &Api, caller: Caller, video: Uuid) -> Result<Model, Problem> {
    let found = existing(api, video).await?;
    if found.player == caller.player { Ok(found) } else { Err(Problem::not_found()) }
}

/// The video, if it is this player's, or an admin asks.
pub(crate) async fn administered(api: &Api, caller: Caller, video: Uuid) -> Result<Model, Problem> {
    let found = existing(api, video).await?;
    if caller.is_or_administers(found.player) { Ok(found) } else { Err(Problem::not_found()) }
}
