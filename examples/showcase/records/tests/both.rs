//! The tables in the engine's own database, in `SQLite` and in `PostgreSQL`.

use sea_orm::EntityTrait;
use stagemark::{Engine, Name, Workflow, from_fn};
use stagemark_contest_records::{Records, entity::video, testing};
use stagemark_sql::{SqlStore, SubmitIn};

const ECHO: Workflow<u32, u32> = Workflow::new("echo");

/// A video and its run are written in one transaction: here by one that is committed after one that is not.
async fn written_together_or_not_at_all(url: &str) {
    let step = from_fn(Name::new("echo"), |_, n: u32| async move { Ok(n) });
    let store = SqlStore::open(url).await.unwrap();
    let engine = Engine::builder(store).serve(ECHO.define(|n| n.then(step))).start().await.unwrap();
    let records = Records::open(url).await.unwrap();
    Records::open(url).await.unwrap();

    for commit in [false, true] {
        let transaction = records.begin().await.unwrap();
        let player = testing::player("Ada", "Berlin");
        let video = testing::video(player.id, video::State::Queued);
        testing::insert(&transaction, player).await.unwrap();
        testing::insert(&transaction, video.clone()).await.unwrap();
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
    let url = testing::schema(&url, &format!("contest_{}", std::process::id())).await.unwrap();

    written_together_or_not_at_all(&url).await;
}
