//! The tables in the engine's own database, in `SQLite` and in `PostgreSQL`.

use sea_orm::{ActiveModelTrait, ConnectionTrait, Database, EntityTrait, Set};
use stagemark::{Engine, Name, Workflow, from_fn};
use stagemark_contest_records::{
    Records,
    entity::{player, video},
};
use stagemark_sql::{SqlStore, SubmitIn};
use uuid::Uuid;

const ECHO: Workflow<u32, u32> = Workflow::new("echo");

fn ada() -> player::ActiveModel {
    player::ActiveModel {
        id: Set(Uuid::now_v7()),
        name: Set("Ada".to_owned()),
        name_key: Set("ada".to_owned()),
        password: Set("$argon2id$".to_owned()),
        city: Set("Berlin".to_owned()),
        role: Set(player::Role::Player),
        created_at: Set(1),
    }
}

fn clip(player: Uuid) -> video::ActiveModel {
    let model = video::Model {
        id: Uuid::now_v7(),
        player,
        title: "Backflip".to_owned(),
        title_key: "backflip".to_owned(),
        file_name: "backflip.mp4".to_owned(),
        content_type: "video/mp4".to_owned(),
        size_bytes: 1_000,
        state: video::State::Queued,
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
    };
    let model = video::ActiveModel::from(model);
    model.reset_all()
}

/// A video and its run are written in one transaction: here by one that is committed after one that is not.
async fn written_together_or_not_at_all(url: &str) {
    let step = from_fn(Name::new("echo"), |_, n: u32| async move { Ok(n) });
    let store = SqlStore::open(url).await.unwrap();
    let engine = Engine::builder(store).serve(ECHO.define(|n| n.then(step))).start().await.unwrap();
    let records = Records::open(url).await.unwrap();
    Records::open(url).await.unwrap();

    for commit in [false, true] {
        let transaction = records.begin().await.unwrap();
        let player = ada().insert(&transaction).await.unwrap();
        let video = clip(player.id).insert(&transaction).await.unwrap();
        let run = engine.submit(ECHO, 7).key("video-1").submit_in(&transaction).await.unwrap();
        if commit {
            transaction.commit().await.unwrap();
            run.wake();
            assert_eq!(run.result().await.unwrap(), 7);
            assert_eq!(video::Entity::find().all(records.reader()).await.unwrap(), [video]);
        } else {
            transaction.rollback().await.unwrap();
            assert_eq!(video::Entity::find().all(records.reader()).await.unwrap(), []);
        }
    }
}

#[tokio::test]
async fn a_video_and_its_run_are_written_together_in_sqlite() {
    let folder = tempfile::tempdir().unwrap();

    written_together_or_not_at_all(&format!("sqlite://{}", folder.path().join("contest.db").display())).await;
}

#[tokio::test]
async fn a_video_and_its_run_are_written_together_in_postgres() {
    let url = stagemark_services::database_url().unwrap();
    let name = format!("contest_{}", std::process::id());
    let database = Database::connect(&url).await.unwrap();
    database.execute_unprepared(&format!("CREATE SCHEMA {name}")).await.unwrap();
    database.close().await.unwrap();
    let join = if url.contains('?') { '&' } else { '?' };

    written_together_or_not_at_all(&format!("{url}{join}options=-csearch_path%3D{name}")).await;
}
