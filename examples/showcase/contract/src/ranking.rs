//! Boards, and the events that move them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{Author, Moment};

/// A part of a board.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Ranking {
    /// Which board: `global`, or a city.
    pub board: String,
    /// The places, the highest first.
    pub items: Vec<Place>,
    /// What to ask for the next page with; null on the last.
    #[schema(required)]
    pub next_cursor: Option<String>,
    /// Where it was found.
    pub computed: Computed,
}

/// A place on a board.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Place {
    /// Which, from 1.
    pub rank: u64,
    /// Whose.
    pub player: Author,
    /// What the player's videos have gathered; what is long ago counts less.
    pub score: f64,
}

/// Where a board was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Computed {
    /// In the cache.
    Cache,
    /// In the database.
    Database,
}

/// What a page has seen since it last told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Events {
    /// The events.
    #[schema(min_items = 1, max_items = 100)]
    pub events: Vec<Event>,
}

/// Something that somebody did with a video.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// Which event: one that is sent twice counts once.
    pub id: Uuid,
    /// Of which video.
    pub video: Uuid,
    /// What it is.
    pub kind: EventKind,
    /// For how long it was watched, of an event of that kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 600_000)]
    pub watch_ms: Option<u32>,
    /// When.
    pub at: Moment,
}

/// What an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// The video was opened.
    View,
    /// It was watched for a while.
    Watch,
}

/// What became of the events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Intake {
    /// How many are counted from now on.
    pub accepted: u32,
    /// How many were counted already.
    pub repeated: u32,
}
