//! Videos as they are listed and watched.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::Moment;

/// Where a video is on its way to be watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum VideoState {
    /// Its file is coming in.
    Uploading,
    /// Its run is accepted, and no step has begun.
    Queued,
    /// A step runs, or has run.
    Running,
    /// It can be watched.
    Ready,
    /// It could not be processed; its run says why.
    Failed,
    /// Its run was cancelled.
    Cancelled,
}

/// A player, as others see it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[schema(as = PlayerCard)]
pub struct Author {
    /// Which player.
    pub id: Uuid,
    /// How the player is shown.
    pub name: String,
    /// Where the player comes from.
    pub city: String,
}

/// A video in a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct VideoCard {
    /// Which video.
    pub id: Uuid,
    /// How it is shown.
    pub title: String,
    /// Whose it is.
    pub player: Author,
    /// Where it is on its way.
    pub state: VideoState,
    /// When it was begun.
    pub created_at: Moment,
    /// How long it lasts, once it is ready.
    #[schema(required)]
    pub duration_ms: Option<u64>,
    /// How many players like it.
    pub likes: u64,
    /// How often it was viewed.
    pub views: u64,
    /// A picture of it.
    #[schema(required)]
    pub poster_url: Option<String>,
    /// Whether whoever asks likes it; false for those who are signed out.
    pub liked_by_me: bool,
}

/// A video with all that its page needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Video {
    /// As in a list.
    #[serde(flatten)]
    pub card: VideoCard,
    /// The width of its pictures.
    #[schema(required)]
    pub width_px: Option<u32>,
    /// The height of its pictures.
    #[schema(required)]
    pub height_px: Option<u32>,
    /// The file to play.
    #[schema(required)]
    pub video_url: Option<String>,
    /// A few seconds of it, without sound.
    #[schema(required)]
    pub preview_url: Option<String>,
    /// Small pictures of all of it, for the seek bar.
    #[schema(required)]
    pub sprites: Option<SpriteSheet>,
    /// Its page, to be shared.
    #[schema(example = "/v/0198c0de-0000-7000-8000-000000000000")]
    pub share_path: String,
}

/// A picture of many small ones, in rows from the left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SpriteSheet {
    /// The picture.
    pub url: String,
    /// How many stand in a row.
    pub columns: u32,
    /// How many rows there are.
    pub rows: u32,
    /// The width of one.
    pub tile_width_px: u32,
    /// The height of one.
    pub tile_height_px: u32,
    /// How far apart they are in time.
    pub interval_ms: u64,
    /// How many there are; the last row may not be full.
    pub count: u32,
}

/// What became of a like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Likes {
    /// How many players like the video.
    pub likes: u64,
    /// Whether whoever asks does.
    pub liked_by_me: bool,
}
