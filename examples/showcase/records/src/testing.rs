//! Rows for tests, each whole: what a test is about it changes.

use sea_orm::{ActiveModelTrait, ConnectionTrait, Database, DatabaseTransaction, DbErr, EntityTrait, IntoActiveModel};
use uuid::Uuid;

use crate::entity::{
    player,
    video::{self, State},
};

/// A hash that no password is known of.
const NO_PASSWORD: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// A player, who cannot sign in.
pub fn player(name: &str, city: &str) -> player::Model {
    player::Model {
        id: Uuid::now_v7(),
        name: name.to_owned(),
        name_key: name.to_lowercase(),
        password: NO_PASSWORD.to_owned(),
        city: city.to_owned(),
        role: player::Role::Player,
        created_at: 1,
    }
}

/// A video of this player's, of which there are no files.
pub fn video(player: Uuid, state: State) -> video::Model {
    video::Model {
        id: Uuid::now_v7(),
        player,
        title: "Backflip".to_owned(),
        title_key: "backflip".to_owned(),
        file_name: "backflip.mp4".to_owned(),
        content_type: "video/mp4".to_owned(),
        size_bytes: 1_000,
        state,
        created_at: 2,
        upload_key: "uploads/1".to_owned(),
        upload_id: None,
        run: None,
        runs: 1,
        published_at: None,
        duration_ms: None,
        width_px: None,
        height_px: None,
        video_key: None,
        poster_key: None,
        preview_key: None,
        sprites_key: None,
        sprites: None,
    }
}

/// Writes a row as it is.
pub async fn insert<M>(transaction: &DatabaseTransaction, row: M) -> Result<(), DbErr>
where
    M: IntoActiveModel<<M::Entity as EntityTrait>::ActiveModel> + sea_orm::ModelTrait,
    <M::Entity as EntityTrait>::ActiveModel: ActiveModelTrait<Entity = M::Entity> + Send,
{
    M::Entity::insert(row.into_active_model().reset_all()).exec_without_returning(transaction).await.map(drop)
}

/// Makes a schema of this name in the `PostgreSQL` of this URL; gives the URL of the schema.
pub async fn schema(url: &str, name: &str) -> Result<String, DbErr> {
    let database = Database::connect(url).await?;
    database.execute_unprepared(&format!("CREATE SCHEMA {name}")).await?;
    database.close().await?;
    let join = if url.contains('?') { '&' } else { '?' };
    Ok(format!("{url}{join}options=-csearch_path%3D{name}"))
}
