//! Who is signed in, and the token that the next refresh must show.

use sea_orm::entity::prelude::*;

/// A session: what begins by signing in, and goes on as long as its token is refreshed.
#[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "contest_session")]
pub struct Model {
    /// Which session; every one of its tokens names it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose.
    pub player: Uuid,
    /// The SHA-256 of the one token that is good. Another that names this session was used before.
    pub token: Vec<u8>,
    /// When it began.
    pub created_at: i64,
    /// When it ends, if it is not refreshed before.
    pub expires_at: i64,
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("id", &self.id).field("player", &self.player).finish_non_exhaustive()
    }
}

/// What a session belongs to is found by its own table.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
