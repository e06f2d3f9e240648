//! What the events of videos have come to.

use sea_orm::entity::prelude::*;

/// What the events of a video have come to, without those that are still open.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "contest_tally")]
pub struct Model {
    /// Which video.
    #[sea_orm(primary_key, auto_increment = false)]
    pub video: Uuid,
    /// How many like it.
    pub likes: i64,
    /// How often it was opened.
    pub views: i64,
    /// For how long it was watched.
    pub watch_ms: i64,
    /// What the sums are relative to.
    pub as_of: i64,
    /// The likes, each for what is left of it at that time.
    pub like_sum: f64,
    /// The views, likewise.
    pub view_sum: f64,
    /// The seconds of watching, likewise.
    pub watch_sum: f64,
}

/// What a tally belongs to is found by its own table.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
