//! Every run that a video had.

use sea_orm::entity::prelude::*;

/// A run of a video.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "contest_video_run")]
pub struct Model {
    /// Of which video.
    #[sea_orm(primary_key, auto_increment = false)]
    pub video: Uuid,
    /// Which of its runs, from 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub n: i32,
    /// The engine's run.
    pub run: Uuid,
    /// When it was submitted.
    pub submitted_at: i64,
}

/// What a run belongs to is found by its own table.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
