//! One video: to watch it, to like it, to remove it.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use stagemark_contest_contract::{ERASE, Erase, Likes, Moment, Video};
use stagemark_contest_ranking::{Event, intake};
use stagemark_contest_records::{
    entity::video::{self, Model},
    events, likes, lists, videos,
};
use stagemark_sql::SubmitIn;
use uuid::Uuid;

use super::{administered, cards::page_of, existing, incoming::discard};
use crate::{Api, Caller, Problem, Shared, body::Path, conditional, runs, trace::traced};

/// A video.
///
/// One that is not ready is seen by its player alone.
#[utoipa::path(
    get, path = "/api/videos/{id}", tag = "videos", params(("id" = Uuid, Path, description = "Which video")),
    responses(
        (status = 200, description = "The video", body = Video, headers(("ETag" = String, description = "What tells this answer from others"))),
        (status = 304, description = "It is the one that whoever asks has"),
        (status = 401, description = "unauthenticated"),
        (status = 404, description = "not-found"),
    ),
    security((), ("token" = [])),
)]
pub(super) async fn watch_video(
    State(api): State<Shared>,
    caller: Option<Caller>,
    Path(id): Path<Uuid>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let video = seen(&api, caller, id).await?;
    let cache = if caller.is_some() { conditional::OWN } else { conditional::SHARED };
    conditional::json(&headers, cache, &page_of(&api, caller, video).await?)
}

/// The video, if whoever asks may see it.
async fn seen(api: &Api, caller: Option<Caller>, video: Uuid) -> Result<Model, Problem> {
    let found = existing(api, video).await?;
    let is_seen =
        found.state == video::State::Ready || caller.is_some_and(|caller| caller.is_or_administers(found.player));
    if is_seen { Ok(found) } else { Err(Problem::not_found()) }
}

/// The video, if it is ready to be watched.
pub(super) async fn ready(api: &Api, video: Uuid) -> Result<Model, Problem> {
    let found = existing(api, video).await?;
    if found.state == video::State::Ready { Ok(found) } else { Err(Problem::not_found()) }
}

/// Likes a video.
///
/// A player has one like for each; giving it again changes nothing.
#[utoipa::path(
    put, path = "/api/videos/{id}/like", tag = "videos", params(("id" = Uuid, Path, description = "Which video")),
    responses(
        (status = 200, description = "It is liked", body = Likes),
        (status = 404, description = "not-found"),
        (status = 429, description = "rate-limited"),
    ),
    security(("token" = [])),
)]
pub(super) async fn like_video(
    State(api): State<Shared>,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<axum::Json<Likes>, Problem> {
    api.limits.write(caller.player)?;
    ready(&api, id).await?;
    let transaction = api.records.begin().await?;
    // Under the lock of the video, so that it does not go in between.
    videos::lock(&transaction, id).await?.ok_or_else(Problem::not_found)?;
    let now = Moment::now().0;
    let is_new = likes::like(&transaction, id, caller.player, now).await?;
    let events = if is_new { intake::liked(&transaction, id, now).await? } else { Vec::new() };
    transaction.commit().await?;
    told(&api, &events).await;
    counted(&api, caller, id).await
}

/// Takes a like back.
#[utoipa::path(
    delete, path = "/api/videos/{id}/like", tag = "videos", params(("id" = Uuid, Path, description = "Which video")),
    responses(
        (status = 200, description = "It is not liked", body = Likes),
        (status = 404, description = "not-found"),
        (status = 429, description = "rate-limited"),
    ),
    security(("token" = [])),
)]
pub(super) async fn unlike_video(
    State(api): State<Shared>,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<axum::Json<Likes>, Problem> {
    api.limits.write(caller.player)?;
    ready(&api, id).await?;
    let transaction = api.records.begin().await?;
    let events = match likes::unlike(&transaction, id, caller.player).await? {
        Some(liked_at) => intake::unliked(&transaction, id, liked_at).await?,
        None => Vec::new(),
    };
    transaction.commit().await?;
    told(&api, &events).await;
    counted(&api, caller, id).await
}

/// Boards and lists count along.
async fn told(api: &Api, events: &[Event]) {
    if !events.is_empty() {
        api.rankings.count(events).await;
        api.latest.changed().await;
    }
}

async fn counted(api: &Api, caller: Caller, video: Uuid) -> Result<axum::Json<Likes>, Problem> {
    let db = api.records.reader();
    let likes = lists::likes(db, &[video]).await?.remove(&video).unwrap_or_default();
    let liked_by_me = lists::liked_by(db, caller.player, &[video]).await?.contains(&video);
    Ok(axum::Json(Likes { likes, liked_by_me }))
}

/// Removes a video for good.
///
/// From now on nobody sees it; a durable workflow removes its objects and then its rows.
#[utoipa::path(
    delete, path = "/api/videos/{id}", tag = "videos", params(("id" = Uuid, Path, description = "Which video")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, description = "not-found"),
        (status = 429, description = "rate-limited"),
    ),
    security(("token" = [])),
)]
pub(super) async fn delete_video(
    State(api): State<Shared>,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    api.limits.write(caller.player)?;
    administered(&api, caller, id).await?;
    let transaction = api.records.begin().await?;
    if let Some(cancelled) = videos::cancel(&transaction, id).await? {
        transaction.commit().await?;
        discard(&api, &cancelled).await;
        return Ok(StatusCode::NO_CONTENT);
    }
    let found = videos::lock(&transaction, id).await?.filter(|found| found.state != video::State::Erasing);
    let video = found.ok_or_else(Problem::not_found)?;
    videos::erasing(&transaction, id).await?;
    events::forget(&transaction, id).await?;
    let erase = traced(api.engine.submit(ERASE, Erase { video: id })).key(format!("erase-{id}"));
    let erase = erase.submit_in(&transaction).await?;
    transaction.commit().await?;
    erase.wake();
    api.latest.changed().await;
    // The score of its player is less now.
    if let Some(player) = lists::authors(api.records.reader(), [video.player]).await?.remove(&video.player) {
        api.rankings.removed(&player.city).await;
    }
    if let Some(run) = video.run
        && let Err(problem) = runs::stop(&api, run).await
    {
        // It goes on to its end, and finds no video to publish.
        tracing::warn!(%run, ?problem, "the run of a video that was deleted was not cancelled");
    }
    Ok(StatusCode::NO_CONTENT)
}
