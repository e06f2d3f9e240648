//! Who likes what: one like of a player's for a video.

use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, TryInsertResult};
use uuid::Uuid;

use crate::entity::like;

/// Writes that a player likes a video; gives whether that is new.
pub async fn like(db: &impl ConnectionTrait, video: Uuid, player: Uuid, at: i64) -> Result<bool, DbErr> {
    let row = like::Model { video, player, created_at: at };
    let inserted = like::Entity::insert(row.into_active_model()).on_conflict_do_nothing();
    Ok(matches!(inserted.exec_without_returning(db).await?, TryInsertResult::Inserted(1)))
}

/// Writes that a player does not like a video; gives whether that is new.
pub async fn unlike(db: &impl ConnectionTrait, video: Uuid, player: Uuid) -> Result<bool, DbErr> {
    let removed = like::Entity::delete_many().filter(like::Column::Video.eq(video));
    Ok(removed.filter(like::Column::Player.eq(player)).exec(db).await?.rows_affected == 1)
}
