//! Rows of videos as those see them who ask.

use std::collections::{HashMap, HashSet};

use stagemark_contest_contract::{Author, Moment, PublishedSprites, SpriteSheet, Video, VideoCard, VideoState};
use stagemark_contest_records::{
    entity::{
        player,
        video::{Model, State},
    },
    events::{self, VideoCounts},
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
    let db = api.records.reader();
    let likes = lists::likes(db, &ids).await?;
    let mine = match caller {
        Some(caller) => lists::liked_by(db, caller.player, &ids).await?,
        None => HashSet::new(),
    };
    let views = events::counts_of(db, &ids).await?;
    let counted = Counted { likes, views, mine };
    let mut cards = Vec::with_capacity(videos.len());
    for (video, player) in videos {
        let state = state_of(api, &video).await?;
        cards.push(counted.card(video, player, state)?);
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

struct Counted {
    likes: HashMap<Uuid, u64>,
    views: HashMap<Uuid, VideoCounts>,
    mine: HashSet<Uuid>,
}

impl Counted {
    fn card(&self, video: Model, player: player::Model, state: VideoState) -> Result<VideoCard, Problem> {
        let id = video.id;
        Ok(VideoCard {
            id,
            title: video.title,
            player: Author { id: player.id, name: player.name, city: player.city },
            state,
            created_at: Moment(video.created_at),
            duration_ms: video
                .duration_ms
                .map(|duration| whole("reading how long a video is", duration))
                .transpose()?,
            likes: self.likes.get(&id).copied().unwrap_or_default(),
            views: self.views.get(&id).map_or(Ok(0), |counts| whole("counting views", counts.views))?,
            poster_url: (state == VideoState::Ready).then(|| format!("/api/videos/{id}/media/poster")),
            liked_by_me: self.mine.contains(&id),
        })
    }
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
