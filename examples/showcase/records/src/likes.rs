//! Who likes what: one like of a player's for a video.

use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, IntoActiveModel, QuerySelect, TryInsertResult,
};
use uuid::Uuid;

use crate::entity::like;

/// Writes that a player likes a video; gives whether that is new.
pub async fn like(db: &impl ConnectionTrait, video: Uuid, player: Uuid, at: i64) -> Result<bool, DbErr> {
    let row = like::Model { video, player, created_at: at };
    let inserted = like::Entity::insert(row.into_active_model()).on_conflict_do_nothing();
    Ok(matches!(inserted.exec_without_returning(db).await?, TryInsertResult::Inserted(1)))
}

/// Writes that a player does not like a video; gives since when that was liked, if it was.
pub async fn unlike(transaction: &DatabaseTransaction, video: Uuid, player: Uuid) -> Result<Option<i64>, DbErr> {
    let found = like::Entity::find_by_id((video, player)).lock_exclusive().one(transaction).await?;
    let Some(found) = found else { return Ok(None) };
    like::Entity::delete_by_id((video, player)).exec(transaction).await?;
    Ok(Some(found.created_at))
}
