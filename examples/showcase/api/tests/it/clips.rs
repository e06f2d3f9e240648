//! A contest with players, clips, and a workflow whose steps are small: they make no video, and stop where a test says so.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, Set};
use serde_json::{Value, json};
use stagemark::{Attempt, Definition, Engine, Name, StepError, from_fn, ports::Artifacts};
use stagemark_blob::{LocalArtifacts, S3Artifacts, S3Options};
use stagemark_contest_api::{ContestSettings, Uploads};
use stagemark_contest_contract::{Clip, ERASE, Erase, PUBLISH_CLIP, Published, PublishedSprites, Role};
use stagemark_contest_lists::Latest;
use stagemark_contest_records::{
    Records,
    entity::{video, video::State},
    testing, videos,
};
use stagemark_sql::{InTransaction, SqlStore};
use tokio::sync::watch;
use uuid::Uuid;

use crate::fixture::{Ground, Host, SECRET, schema};

/// How long a test waits for what must come.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// What the steps are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Orders {
    Go,
    /// The step `edit` waits.
    Wait,
    /// The step `probe` fails with these texts, outermost first, and is not tried again.
    Fail(Vec<String>),
}

/// A host with its engine, and what its steps are told.
pub(crate) struct Contest {
    pub(crate) host: Host,
    pub(crate) artifacts: Arc<dyn Artifacts>,
    pub(crate) orders: watch::Sender<Orders>,
    url: String,
    uploads: Uploads,
    latest: Latest,
}

/// Somebody who is signed in.
#[derive(Clone, Debug)]
pub(crate) struct Player {
    pub(crate) id: Uuid,
    pub(crate) token: String,
}

impl Contest {
    /// In one process: a file and a folder.
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("contest.db").display());
        let artifacts = LocalArtifacts::open(folder.path().join("artifacts")).unwrap();
        let uploads = Uploads::folder(artifacts.clone(), &SECRET.into());
        Self::on(url, artifacts, uploads, Some(folder)).await
    }

    /// On `PostgreSQL` and a bucket, as in a cluster.
    pub(crate) async fn cluster() -> Self {
        let url = schema("contest").await;
        let address = tokio::task::spawn_blocking(|| stagemark_services::s3_address().unwrap()).await.unwrap();
        let options = S3Options::new(&address.bucket)
            .endpoint(&address.endpoint)
            .credentials(&address.access_key_id, address.secret_access_key.reveal())
            .prefix(Uuid::now_v7().to_string());
        let artifacts = S3Artifacts::open(options).await.unwrap();
        let uploads = Uploads::bucket(artifacts.clone());
        Self::on(url, artifacts, uploads, None).await
    }

    async fn on(
        url: String,
        artifacts: impl Artifacts + Clone + 'static,
        uploads: Uploads,
        folder: Option<tempfile::TempDir>,
    ) -> Self {
        let records = Records::open(&url).await.unwrap();
        let (orders, latest) = (watch::Sender::new(Orders::Go), Latest::of(None, records.clone()));
        let engine = Engine::builder(SqlStore::open(&url).await.unwrap())
            .poll(Duration::from_millis(100))
            .artifacts(artifacts.clone())
            .serve(publish(&orders, &latest))
            .serve(erase(&records))
            .start()
            .await
            .unwrap();
        let ground = Ground {
            folder,
            url: url.clone(),
            engine,
            uploads: uploads.clone(),
            latest: Some(latest.clone()),
            redis: None,
        };
        Self { host: Host::on(ground, |_| {}).await, artifacts: Arc::new(artifacts), orders, url, uploads, latest }
    }

    /// One more host on the same database and store, which serves no workflow.
    pub(crate) async fn another_host(&self) -> Host {
        self.another_host_with(|_| {}).await
    }

    /// The same, with settings that were changed.
    pub(crate) async fn another_host_with(&self, change: impl FnOnce(&mut ContestSettings)) -> Host {
        let store = SqlStore::open(&self.url).await.unwrap();
        let engine = Engine::builder(store).poll(Duration::from_millis(100)).start().await.unwrap();
        let ground = Ground {
            folder: None,
            url: self.url.clone(),
            engine,
            uploads: self.uploads.clone(),
            latest: Some(self.latest.clone()),
            redis: None,
        };
        Host::on(ground, change).await
    }

    pub(crate) async fn player(&self, name: &str) -> Player {
        self.somebody(name, Role::Player).await
    }

    pub(crate) async fn somebody(&self, name: &str, role: Role) -> Player {
        let row = testing::player(name, "Berlin");
        let id = row.id;
        let transaction = self.records().begin().await.unwrap();
        testing::insert(&transaction, row).await.unwrap();
        transaction.commit().await.unwrap();
        Player { id, token: self.host.api.access_token(id, role).unwrap() }
    }

    pub(crate) fn records(&self) -> &Records {
        &self.host.api.records
    }

    pub(crate) fn ask(&self, player: &Player, method: Method, path: &str) -> RequestBuilder {
        self.host.request(method, path).bearer_auth(&player.token)
    }

    pub(crate) async fn get(&self, player: &Player, path: &str) -> Value {
        let answer = self.ask(player, Method::GET, path).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        read(answer).await
    }

    pub(crate) async fn post(&self, player: &Player, path: &str) -> Response {
        self.ask(player, Method::POST, path).send().await.unwrap()
    }

    /// Announces a clip, under a key.
    pub(crate) async fn announce(&self, player: &Player, clip: &Value, key: &str) -> Response {
        let asked = self.ask(player, Method::POST, "/api/videos").header("idempotency-key", key).body(clip.to_string());
        asked.header("content-type", "application/json").send().await.unwrap()
    }

    /// A video that was announced, with a file of this size to come.
    pub(crate) async fn begun(&self, player: &Player, file: &Bytes) -> Uuid {
        let answer = self.announce(player, &announcement("A clip", file.len()), &Uuid::now_v7().to_string()).await;
        assert_eq!(answer.status(), StatusCode::CREATED);
        id_of(&read(answer).await)
    }

    /// Sends the parts of a file that are not stored.
    pub(crate) async fn send_parts(&self, player: &Player, video: Uuid, file: &Bytes) {
        let upload = self.get(player, &format!("/api/videos/{video}/upload")).await;
        let part_bytes = usize::try_from(upload["part_bytes"].as_u64().unwrap()).unwrap();
        for part in upload["parts"].as_array().unwrap().iter().filter(|part| part["is_stored"] == false) {
            let at = (usize::try_from(part["number"].as_u64().unwrap()).unwrap() - 1) * part_bytes;
            let size = usize::try_from(part["size_bytes"].as_u64().unwrap()).unwrap();
            let sent = self.host.client.put(self.whole(&part["url"])).body(file.slice(at..at + size)).send();
            let status = sent.await.unwrap().status();
            assert!(status.is_success(), "{status}");
        }
    }

    /// The URL of a part, which the host leaves its own name out of.
    pub(crate) fn whole(&self, url: &Value) -> String {
        let url = url.as_str().unwrap();
        if url.starts_with('/') { format!("http://{}{url}", self.host.address) } else { url.to_owned() }
    }

    /// A video whose file has come in.
    pub(crate) async fn queued(&self, player: &Player, title: &str) -> Uuid {
        let file = file("");
        let answer = self.announce(player, &announcement(title, file.len()), &Uuid::now_v7().to_string()).await;
        let video = id_of(&read(answer).await);
        self.send_parts(player, video, &file).await;
        let completed = self.post(player, &format!("/api/videos/{video}/upload/complete")).await;
        assert_eq!(completed.status(), StatusCode::ACCEPTED);
        video
    }

    /// A video that can be watched.
    pub(crate) async fn shown(&self, player: &Player, title: &str) -> Uuid {
        let video = self.queued(player, title).await;
        self.ends(player, video, "READY").await;
        video
    }

    /// The run of a video, when it has come to this.
    pub(crate) async fn ends(&self, player: &Player, video: Uuid, status: &str) -> Value {
        let path = format!("/api/videos/{video}/run");
        let until = async {
            loop {
                let run = self.get(player, &path).await;
                if run["status"] == status {
                    return run;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, until).await.unwrap()
    }
}

/// A file of a few bytes that begins as an MP4 does.
pub(crate) fn file(rest: &str) -> Bytes {
    [b"\0\0\0\x20ftypisom", rest.as_bytes()].concat().into()
}

/// A file of this size that begins as an MP4 does, and differs from place to place.
pub(crate) fn large_file(size: usize) -> Bytes {
    let mut bytes = file("").to_vec();
    bytes.extend((0..u32::MAX).flat_map(|word| word.wrapping_mul(0x9e37_79b9).to_le_bytes()).take(size - bytes.len()));
    bytes.into()
}

pub(crate) fn announcement(title: &str, size: usize) -> Value {
    json!({ "title": title, "file_name": "clip.mp4", "size_bytes": size, "content_type": "video/mp4" })
}

pub(crate) async fn read(answer: Response) -> Value {
    serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap()
}

pub(crate) fn id_of(video: &Value) -> Uuid {
    video["id"].as_str().unwrap().parse().unwrap()
}

/// The workflow of the contest with steps of the same names.
fn publish(orders: &watch::Sender<Orders>, latest: &Latest) -> Definition {
    let latest = latest.clone();
    PUBLISH_CLIP.define(|clip| {
        let pass = |name| from_fn(name, async |_: Attempt, clip: Clip| Ok(clip));
        let (probed, edited) = (orders.subscribe(), orders.subscribe());
        let probe = from_fn(Name::new("probe"), move |_, clip: Clip| {
            let told = probed.borrow().clone();
            async move { if let Orders::Fail(texts) = told { Err(failure(texts)) } else { Ok(clip) } }
        });
        let edit = from_fn(Name::new("edit"), move |attempt: Attempt, clip: Clip| {
            let mut told = edited.clone();
            async move {
                attempt.progress(0.5, "12.4 s of video");
                tokio::select! {
                    told = told.wait_for(|told| *told != Orders::Wait) => drop(told?),
                    () = attempt.cancelled() => return Err("it was told to stop".into()),
                }
                Ok(clip)
            }
        });
        let finished = clip.then(pass(Name::new("admit"))).then(probe).then(edit).then(pass(Name::new("finish")));
        let poster = finished.then(pass(Name::new("poster")));
        let publish = from_fn(Name::new("publish"), |attempt, (clip, _): (Clip, Clip)| show(attempt, clip));
        let refresh = from_fn(Name::new("refresh"), move |_: Attempt, published: Published| {
            let latest = latest.clone();
            async move {
                latest.changed().await;
                Ok(published)
            }
        });
        finished.and(poster).then(publish).then(refresh)
    })
}

fn failure(texts: Vec<String>) -> StepError {
    let mut texts = texts.into_iter().rev();
    let innermost = Failure { text: texts.next().unwrap(), source: None };
    StepError::permanent(texts.fold(innermost, |source, text| Failure { text, source: Some(Box::new(source)) }))
}

#[derive(Debug, thiserror::Error)]
#[error("{text}")]
struct Failure {
    text: String,
    source: Option<Box<Failure>>,
}

async fn show(attempt: Attempt, clip: Clip) -> Result<Published, StepError> {
    let sprites = PublishedSprites {
        sheet: attempt.put("sprites.jpg", "sheet").await?,
        columns: 2,
        rows: 1,
        tile_width_px: 160,
        tile_height_px: 90,
        interval_ms: 1_000,
        count: 2,
    };
    let published = Published {
        video: clip.video,
        file: attempt.put("video.mp4", large_file(1_000)).await?,
        width_px: 1280,
        height_px: 720,
        duration_ms: 2_000,
        poster: attempt.put("poster.jpg", "poster").await?,
        preview: attempt.put("preview.mp4", "preview").await?,
        sprites,
    };
    let row = row(&published);
    attempt.transaction(move |transaction| {
        let row = row.clone();
        Box::pin(async move {
            let shown = video::Entity::update_many().set(row).filter(video::Column::Id.eq(clip.video));
            shown.filter(video::Column::State.eq(State::Queued)).exec(transaction).await?;
            Ok(())
        })
    });
    Ok(published)
}

fn row(published: &Published) -> video::ActiveModel {
    video::ActiveModel {
        state: Set(State::Ready),
        published_at: Set(Some(1)),
        duration_ms: Set(Some(2_000)),
        width_px: Set(Some(1280)),
        height_px: Set(Some(720)),
        video_key: Set(Some(published.file.key.clone())),
        poster_key: Set(Some(published.poster.key.clone())),
        preview_key: Set(Some(published.preview.key.clone())),
        sprites_key: Set(Some(published.sprites.sheet.key.clone())),
        sprites: Set(Some(serde_json::to_string(&published.sprites).unwrap())),
        ..Default::default()
    }
}

/// Objects go first, then rows.
fn erase(records: &Records) -> Definition {
    let records = records.clone();
    ERASE.define(|erase| {
        let objects = from_fn(Name::new("objects"), move |attempt: Attempt, erase: Erase| {
            let records = records.clone();
            async move {
                let runs = videos::runs(records.reader(), erase.video).await?;
                let folders = runs.iter().map(|run| format!("runs/{}", run.run));
                for folder in folders.chain([videos::upload_folder(erase.video)]) {
                    for key in attempt.artifacts()?.list(&folder).await? {
                        attempt.artifacts()?.delete(&key).await?;
                    }
                }
                Ok(erase)
            }
        });
        let rows = from_fn(Name::new("rows"), async |attempt: Attempt, erase: Erase| {
            attempt.transaction(move |transaction| {
                Box::pin(async move { Ok(videos::remove(transaction, erase.video).await?) })
            });
            Ok(())
        });
        erase.then(objects).then(rows)
    })
}
