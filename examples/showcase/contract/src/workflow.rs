//! The workflows of the contest: what is submitted, and what comes of it.

use serde::{Deserialize, Serialize};
use stagemark::{Artifact, Workflow};
use uuid::Uuid;

use crate::CacheScope;

/// An upload becomes a video that can be watched. Since version 2 the boards and the caches hear of it in a step.
pub const PUBLISH_CLIP: Workflow<Clip, Published> = Workflow::new("contest-publish").version(2);

/// A video goes for good: its objects, and then its rows.
pub const ERASE: Workflow<Erase, ()> = Workflow::new("contest-erase");

/// Events become tallies.
pub const CONSOLIDATE: Workflow<Tick, Consolidated> = Workflow::new("contest-consolidate");

/// Boards and lists are computed before somebody asks for them.
pub const WARM: Workflow<Warm, ()> = Workflow::new("contest-warm");

/// A file that a player has sent.
///
/// ```
/// use stagemark::Artifact;
/// use stagemark_contest_contract::Clip;
///
/// let upload = Artifact::new("uploads/1", 1_000);
/// let clip = Clip { video: uuid::Uuid::nil(), n: 1, upload, content_type: "video/mp4".to_owned() };
/// assert_eq!(clip.key(), "video-00000000-0000-0000-0000-000000000000-1");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clip {
    /// Which video it becomes.
    pub video: Uuid,
    /// Which run of the video this is, from 1.
    pub n: u32,
    /// The file as it came in.
    pub upload: Artifact,
    /// What kind of file the player says it is.
    pub content_type: String,
}

impl Clip {
    /// The idempotency key of its run.
    pub fn key(&self) -> String {
        format!("video-{}-{}", self.video, self.n)
    }
}

/// A video that can be watched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    /// Which video.
    pub video: Uuid,
    /// The file to play.
    pub file: Artifact,
    /// The width of its pictures.
    pub width_px: u32,
    /// The height of its pictures.
    pub height_px: u32,
    /// How long it lasts.
    pub duration_ms: u64,
    /// A picture of it.
    pub poster: Artifact,
    /// A few seconds of it, without sound.
    pub preview: Artifact,
    /// Small pictures of all of it.
    pub sprites: PublishedSprites,
}

/// A picture of many small ones, in rows from the left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishedSprites {
    /// The picture.
    pub sheet: Artifact,
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
    /// How many there are.
    pub count: u32,
}

/// A video that is to go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erase {
    /// Which video.
    pub video: Uuid,
}

/// A firing of a schedule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tick {
    /// When it was due, in milliseconds since 1970.
    pub at_ms: i64,
}

/// How many events became tallies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consolidated {
    /// How many.
    pub events: u64,
}

/// What is to be computed before somebody asks for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warm {
    /// What.
    pub scope: CacheScope,
    /// Whether what is cached is dropped first.
    pub invalidate: bool,
}
