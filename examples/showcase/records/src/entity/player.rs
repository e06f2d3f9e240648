//! Who takes part.

use sea_orm::entity::prelude::*;

/// A player.
#[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "contest_player")]
pub struct Model {
    /// Which player.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// How the player is shown.
    pub name: String,
    /// The name in small letters: two players never differ by case alone.
    #[sea_orm(unique)]
    pub name_key: String,
    /// The password's hash, as PHC writes it.
    pub password: String,
    /// Where the player comes from.
    pub city: String,
    /// What the player may do.
    pub role: Role,
    /// When the player signed up.
    pub created_at: i64,
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Player").field("id", &self.id).field("name", &self.name).finish_non_exhaustive()
    }
}

/// What a player may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum Role {
    /// Takes part.
    Player = 0,
    /// Sees and stops the runs of all.
    Admin = 1,
}

/// What a player has is found by its own table.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
