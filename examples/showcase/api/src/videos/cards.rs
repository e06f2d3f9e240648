//! Rows of videos as those see them who ask.

use stagemark_contest_contract::{PublishedSprites, SpriteSheet, Video, VideoCard, VideoState};
use stagemark_contest_lists::{Counts, ListError};
use stagemark_contest_records::{
    entity::{
        player,
        video::{Model, State},
    },
    lists,
};
use uuid::Uuid;

use crate::{Api, Caller, Problem, problem::whole, runs};

/// These videos, in this order.
pub(super) async fn cards(
    api: &Api,
    caller: Option<Caller>,
    videos: Vec<(Model, player::Model)>,
) -> Result<Vec<VideoCard>, Problem> {
    let ids: Vec<Uuid> = videos.iter().map(|(video, _)| video.id).collect();
    let counts = Counts::of(api.records.reader(), &ids).await?;
    let mut cards = Vec::with_capacity(videos.len());
    for (video, player) in videos {
        let state = state_of(api, &video).await?;
        cards.push(counts.card(video, player, state)?);
    }
    seen_by(api, caller, cards).await
}

/// These cards as whoever asks sees them.
pub(super) async fn seen_by(
    api: &Api,
    caller: Option<Caller>,
    mut cards: Vec<VideoCard>,
) -> Result<Vec<VideoCard>, Problem> {
    let Some(caller) = caller else { return Ok(cards) };
    let ids: Vec<Uuid> = cards.iter().map(|card| card.id).collect();
    let liked = lists::liked_by(api.records.reader(), caller.player, &ids).await?;
    for card in &mut cards {
        card.liked_by_me = liked.contains(&card.id);
    }
    Ok(cards)
}

/// A video with all that its page needs.
pub(super) async fn page_of(api: &Api, caller: Option<Caller>, video: Model) -> Result<Video, Problem> {
    let author = lists::authors(api.records.reader(), [video.player]).await?.remove(&video.player);
    let author = author.ok_or_else(Problem::not_found)?;
    let (id, is_ready) = (video.id, video.state == State::Ready);
    let pixels = |side: Option<i32>| side.map(|side| whole("reading how large a picture is", side)).transpose();
    let (width_px, height_px) = (pixels(video.width_px)?, pixels(video.height_px)?);
    let sprites = video.sprites.clone().filter(|_| is_ready).as_deref().map(serde_json::from_str).transpose();
    let sprites = sprites.map_err(|error| Problem::internal("reading the sprites of a video", &error))?;
    let card = cards(api, caller, vec![(video, author)]).await?.pop().ok_or_else(Problem::not_found)?;
    let url = |what: &str| is_ready.then(|| format!("/api/videos/{id}/media/{what}"));
    Ok(Video {
        card,
        width_px,
        height_px,
        video_url: url("video"),
        preview_url: url("preview"),
        sprites: sprites.zip(url("sprites")).map(|(sprites, url)| sheet(&sprites, url)),
        share_path: format!("/v/{id}"),
    })
}

/// Where a video is; while it is on its way its run knows.
async fn state_of(api: &Api, video: &Model) -> Result<VideoState, Problem> {
    match (video.state, video.run) {
        (State::Ready, _) => Ok(VideoState::Ready),
        (State::Queued, Some(run)) => {
            let status = runs::status_of(api, run).await?;
            Ok(status.map_or(VideoState::Queued, |status| runs::video_state(status.status)))
        }
        _ => Ok(VideoState::Uploading),
    }
}

fn sheet(sprites: &PublishedSprites, url: String) -> SpriteSheet {
    SpriteSheet {
        url,
        columns: sprites.columns,
        rows: sprites.rows,
        tile_width_px: sprites.tile_width_px,
        tile_height_px: sprites.tile_height_px,
        interval_ms: sprites.interval_ms,
        count: sprites.count,
    }
}

impl From<ListError> for Problem {
    fn from(error: ListError) -> Self {
        match error {
            ListError::Database(error) => error.into(),
            error => Self::internal("listing videos", &error),
        }
    }
}
