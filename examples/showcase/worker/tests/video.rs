//! A real clip becomes a video that can be watched, and goes for good.

use std::{fs, path::Path, sync::Arc};

use sea_orm::{ActiveValue::Set, EntityTrait};
use stagemark::{Engine, ForgetError, RunId, ports::Artifacts};
use stagemark_blob::LocalArtifacts;
use stagemark_contest_contract::{Clip, ERASE, Erase, PUBLISH_CLIP, Published};
use stagemark_contest_lists::Latest;
use stagemark_contest_ranking::{Options, Rankings, Weights, steps::Refresh};
use stagemark_contest_records::{
    Records,
    entity::{
        video::{self, State},
        video_run,
    },
    testing, videos,
};
use stagemark_contest_worker::{Places, erase, publish};
use stagemark_media::assets::CLIP;
use stagemark_sql::SqlStore;
use uuid::Uuid;

/// One process with all that makes videos.
struct Host {
    records: Records,
    latest: Latest,
    artifacts: LocalArtifacts,
    engine: Engine,
}

impl Host {
    async fn start(folder: &Path) -> Self {
        let url = format!("sqlite://{}", folder.join("contest.db").display());
        let store = SqlStore::open(&url).await.unwrap();
        let records = Records::open(&url).await.unwrap();
        let artifacts = LocalArtifacts::open(folder.join("artifacts")).unwrap();
        let latest = Latest::of(None, records.clone());
        let places = Places { records: records.clone(), store: Arc::new(store.clone()), latest: latest.clone() };
        let rankings = Rankings::open(None, records.clone(), Options::new(Weights::default())).await.unwrap();
        let refresh = Refresh::new(records.clone(), rankings, latest.clone());
        let engine = Engine::builder(store).artifacts(artifacts.clone()).scratch(folder.join("scratch"));
        let engine = engine.serve(publish(refresh)).serve(erase(places)).start().await.unwrap();
        Self { records, latest, artifacts, engine }
    }

    /// A video whose file has come in.
    async fn upload(&self, folder: &Path, state: State) -> Clip {
        let file = folder.join("clip.mp4");
        fs::write(&file, CLIP).unwrap();
        let player = testing::player("Ada", "Madrid");
        let mut row = testing::video(player.id, state);
        let video = row.id;
        let upload = self.engine.import(&videos::upload_folder(video), &file).await.unwrap();
        (row.size_bytes, row.upload_key) = (i64::try_from(upload.size_bytes).unwrap(), upload.key.clone());
        let transaction = self.records.begin().await.unwrap();
        testing::insert(&transaction, player).await.unwrap();
        testing::insert(&transaction, row).await.unwrap();
        transaction.commit().await.unwrap();
        Clip { video, n: 1, upload, content_type: "video/mp4".to_owned() }
    }

    async fn publish(&self, clip: &Clip) -> (RunId, Published) {
        let run = self.engine.submit(PUBLISH_CLIP, clip.clone()).key(clip.key()).await.unwrap();
        let row = video_run::ActiveModel {
            video: Set(clip.video),
            n: Set(1),
            run: Set(run.id().uuid()),
            submitted_at: Set(1),
        };
        let transaction = self.records.begin().await.unwrap();
        video_run::Entity::insert(row).exec(&transaction).await.unwrap();
        transaction.commit().await.unwrap();
        (run.id(), run.result().await.unwrap())
    }

    /// How many videos are listed.
    async fn listed(&self) -> usize {
        self.latest.part(None, 10).await.unwrap().unwrap().cards.len()
    }

    async fn row(&self, video: Uuid) -> Option<video::Model> {
        video::Entity::find_by_id(video).one(self.records.reader()).await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clip_can_be_watched_until_it_is_erased() {
    let folder = tempfile::tempdir().unwrap();
    let host = Host::start(folder.path()).await;
    let clip = host.upload(folder.path(), State::Queued).await;
    assert_eq!(host.listed().await, 0);

    let (run, published) = host.publish(&clip).await;

    assert_eq!(host.listed().await, 1, "it is listed once its run is ready");

    let row = host.row(clip.video).await.unwrap();
    assert_eq!((row.state, row.width_px, row.height_px), (State::Ready, Some(1280), Some(720)));
    assert!(row.published_at.is_some() && row.duration_ms == i64::try_from(published.duration_ms).ok());
    for key in [row.video_key, row.poster_key, row.preview_key, row.sprites_key] {
        assert!(host.artifacts.size_bytes(&key.unwrap()).await.unwrap().is_some());
    }
    assert_eq!(published.sprites.columns * published.sprites.rows, 25);

    host.engine.submit(ERASE, Erase { video: clip.video }).await.unwrap().result().await.unwrap();

    assert!(host.row(clip.video).await.is_none());
    assert_eq!(host.listed().await, 0);
    assert!(video_run::Entity::find().all(host.records.reader()).await.unwrap().is_empty());
    for folder in ["runs", "uploads"] {
        assert!(host.artifacts.list(folder).await.unwrap().is_empty(), "{folder}");
    }
    assert!(matches!(host.engine.forget(run).await, Err(ForgetError::Unknown(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_video_that_goes_is_not_brought_back() {
    let folder = tempfile::tempdir().unwrap();
    let host = Host::start(folder.path()).await;
    let clip = host.upload(folder.path(), State::Erasing).await;

    host.publish(&clip).await;

    assert_eq!(host.row(clip.video).await.unwrap().state, State::Erasing);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_another_size_than_was_said_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let host = Host::start(folder.path()).await;
    let mut clip = host.upload(folder.path(), State::Queued).await;
    clip.upload.size_bytes += 1;

    let error = host.engine.submit(PUBLISH_CLIP, clip.clone()).await.unwrap().result().await.unwrap_err().to_string();

    assert!(error.contains("step admit failed at attempt 1: the file has 1055736 bytes"), "{error}");
    assert_eq!(host.row(clip.video).await.unwrap().state, State::Queued);
}
