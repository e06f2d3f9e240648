//! The contest's tables, in `SQLite` and in `PostgreSQL`, with players and videos.

use sea_orm::{ActiveModelTrait, ConnectionTrait, Database, EntityTrait, IntoActiveModel, Set};
use stagemark_contest_records::{
    Records,
    entity::{player, video},
    events,
};
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
        let database = Database::connect(&url).await.unwrap();
        database.execute_unprepared(&format!("CREATE SCHEMA {schema}")).await.unwrap();
        database.close().await.unwrap();
        let join = if url.contains('?') { '&' } else { '?' };
        Self::open(format!("{url}{join}options=-csearch_path%3D{schema}"), tempfile::tempdir().unwrap()).await
    }

    async fn open(url: String, folder: TempDir) -> Self {
        let records = Records::open(&url).await.unwrap();
        Self { url, records, _folder: folder }
    }

    pub(crate) async fn add_player(&self, name: &str, city: &str) -> Uuid {
        let transaction = self.records.begin().await.unwrap();
        let id = Uuid::now_v7();
        let player = player::ActiveModel {
            id: Set(id),
            name: Set(name.to_owned()),
            name_key: Set(name.to_lowercase()),
            password: Set(String::new()),
            city: Set(city.to_owned()),
            role: Set(player::Role::Player),
            created_at: Set(1),
        };
        player.insert(&transaction).await.unwrap();
        transaction.commit().await.unwrap();
        id
    }

    pub(crate) async fn add_video(&self, player: Uuid, state: video::State) -> Uuid {
        let transaction = self.records.begin().await.unwrap();
        let video = video::Model { player, state, ..clip() };
        let id = video.id;
        video.into_active_model().reset_all().insert(&transaction).await.unwrap();
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

fn clip() -> video::Model {
    video::Model {
        id: Uuid::now_v7(),
        player: Uuid::nil(),
        title: "Backflip".to_owned(),
        title_key: "backflip".to_owned(),
        file_name: "backflip.mp4".to_owned(),
        content_type: "video/mp4".to_owned(),
        size_bytes: 1_000,
        state: video::State::Ready,
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
