//! Videos: who sent what, where it is, and what was made of it.

use sea_orm::entity::prelude::*;

/// A video.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "contest_video")]
pub struct Model {
    /// Which video. Ids grow with time, and lists go by them.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose.
    pub player: Uuid,
    /// How it is shown.
    pub title: String,
    /// The title in small letters, for the search.
    pub title_key: String,
    /// The name of the file, as the player knows it. It names nothing here.
    pub file_name: String,
    /// What kind of file the player says it is.
    pub content_type: String,
    /// How large the file is to be.
    pub size_bytes: i64,
    /// Where it is.
    pub state: State,
    /// When it was begun.
    pub created_at: i64,
    /// Where its file comes in, in the artifact store.
    pub upload_key: String,
    /// The store's name for an upload in parts, while one goes on.
    pub upload_id: Option<String>,
    /// Its latest run.
    pub run: Option<Uuid>,
    /// How many runs it had.
    pub runs: i32,
    /// When it could first be watched.
    pub published_at: Option<i64>,
    /// How long it lasts.
    pub duration_ms: Option<i64>,
    /// The width of its pictures.
    pub width_px: Option<i32>,
    /// The height of its pictures.
    pub height_px: Option<i32>,
    /// The file to play, in the artifact store.
    pub video_key: Option<String>,
    /// A picture of it.
    pub poster_key: Option<String>,
    /// A few seconds of it.
    pub preview_key: Option<String>,
    /// Small pictures of all of it.
    pub sprites_key: Option<String>,
    /// How those lie in their sheet, as JSON of the contract's `PublishedSprites`.
    pub sprites: Option<String>,
}

/// Where a video is, as far as the contest itself decides it; while it is queued its run knows more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum State {
    /// Its file is coming in.
    Uploading = 0,
    /// A run was submitted; whether it goes on, has failed or was cancelled is for the engine to say.
    Queued = 1,
    /// It can be watched.
    Ready = 2,
    /// It is on its way out, and shown to nobody.
    Erasing = 3,
}

/// What a video belongs to is found by its own table.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
