//! The contest's tables, in `SQLite` and in `PostgreSQL`, with players and videos.

use sea_orm::{ActiveModelTrait, EntityTrait, Set};
use stagemark_contest_records::{Records, entity::video, events, testing};
use tempfile::TempDir;
use uuid::Uuid;

use crate::fixture::own_name;

/// A database of a test's own.
pub(crate) struct Tables {
    pub(crate) url: String,
    pub(crate) records: Records,
    _folder: TempDir,
}

impl Tables {
    pub(crate) async fn in_sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self::open(format!("sqlite://{}", folder.path().join("contest.db").display()), folder).await
    }

    pub(crate) async fn in_postgres() -> Self {
        let (url, schema) = (stagemark_services::database_url().unwrap(), own_name().replace('-', "_"));
        Self::open(testing::schema(&url, &schema).await.unwrap(), tempfile::tempdir().unwrap()).await
    }

    async fn open(url: String, folder: TempDir) -> Self {
        let records = Records::open(&url).await.unwrap();
        Self { url, records, _folder: folder }
    }

    pub(crate) async fn add_player(&self, name: &str, city: &str) -> Uuid {
        let player = testing::player(name, city);
        let id = player.id;
        let transaction = self.records.begin().await.unwrap();
        testing::insert(&transaction, player).await.unwrap();
        transaction.commit().await.unwrap();
        id
    }

    pub(crate) async fn add_video(&self, player: Uuid, state: video::State) -> Uuid {
        let video = testing::video(player, state);
        let id = video.id;
        let transaction = self.records.begin().await.unwrap();
        testing::insert(&transaction, video).await.unwrap();
        transaction.commit().await.unwrap();
        id
    }

    /// Removes a video as the contest does: first it cannot be watched any more, then its row goes.
    pub(crate) async fn remove_video(&self, id: Uuid) {
        let transaction = self.records.begin().await.unwrap();
        let erasing = video::ActiveModel { id: Set(id), state: Set(video::State::Erasing), ..Default::default() };
        erasing.update(&transaction).await.unwrap();
        events::forget(&transaction, id).await.unwrap();
        transaction.commit().await.unwrap();
        let transaction = self.records.begin().await.unwrap();
        video::Entity::delete_by_id(id).exec(&transaction).await.unwrap();
        transaction.commit().await.unwrap();
    }
}
