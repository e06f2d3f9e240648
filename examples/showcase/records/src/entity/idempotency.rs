//! Which request was made under which key.

use sea_orm::entity::prelude::*;

/// The first request of a player's under a key.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "contest_idempotency")]
pub struct Model {
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub player: Uuid,
    /// The player's name for the request.
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: String,
    /// The SHA-256 of what was asked for: the same key with something else is refused.
    pub fingerprint: Vec<u8>,
    /// The video that it made.
    pub video: Uuid,
    /// When.
    pub created_at: i64,
}

/// What a key belongs to is found by its own table.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
