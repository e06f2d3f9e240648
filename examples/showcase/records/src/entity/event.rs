//! What happened to videos.

use sea_orm::entity::prelude::*;

/// Something that happened to a video.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "contest_event")]
pub struct Model {
    /// Which event: one that is sent again is the same.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// To which video.
    pub video: Uuid,
    /// Whose video it is.
    pub player: Uuid,
    /// The epoch that it was written in.
    pub epoch: i64,
    /// When it happened; of a like that was taken back, when the like happened.
    pub at: i64,
    /// When it was written.
    pub accepted_at: i64,
    /// For how long it was watched.
    pub watch_ms: i64,
    /// What happened.
    pub kind: Kind,
    /// Whether it is still to be tallied.
    pub state: State,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum Kind {
    /// It was opened.
    View = 0,
    /// It was watched for a while.
    Watch = 1,
    /// Somebody likes it.
    Like = 2,
    /// A like was taken back.
    Unlike = 3,
}

/// Whether an event is still to be tallied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum State {
    /// It is.
    Open = 0,
    /// It is in the tally, or its video is gone; it is kept to be known when it comes again.
    Settled = 1,
}

/// What an event belongs to is found by its own table.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
