//! Who likes what.

use sea_orm::entity::prelude::*;

/// A player likes a video.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "contest_like")]
pub struct Model {
    /// Which video.
    #[sea_orm(primary_key, auto_increment = false)]
    pub video: Uuid,
    /// Who likes it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub player: Uuid,
    /// Since when.
    pub created_at: i64,
}

/// What a like belongs to is found by its own table.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
