//! The pipeline on the engine, from an upload to the finished video.

use std::{
    error::Error,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use stagemark::{Artifact, Definition, Engine, Workflow};
use stagemark_blob::LocalArtifacts;
use stagemark_media::{
    Bumpers, Edit, Encoding, Finish, Probe, RemoveAudio, Trim, Upload, Video, Watermark,
    assets::{INTRO, LOGO, OUTRO},
};
use stagemark_sql::SqlStore;

use super::cost::Cost;

const PUBLISH: Workflow<Upload, Video> = Workflow::new("publish-video");
/// How much of a video is kept.
pub(crate) const KEPT: Duration = Duration::from_secs(30);

/// An engine with a database, a store of artifacts and a scratch folder of its own, in one process.
pub(crate) struct Ours {
    engine: Engine,
    folder: PathBuf,
    uploads: AtomicU32,
}

/// One run: what it cost, and what came of it.
pub(crate) struct Run {
    /// From the upload to the finished video.
    pub(crate) cost: Cost,
    /// What the worker read and wrote: without the upload on its way into the store.
    pub(crate) worker_bytes: u64,
    pub(crate) video: Video,
}

impl Ours {
    /// Starts one in this folder, which holds nothing yet: also no bumpers.
    pub(crate) async fn start(folder: &Path, fusion: bool, slots: u32) -> Result<Self, Box<dyn Error>> {
        let publish = PUBLISH.define(|upload| {
            let edited = upload.then(Probe::default()).then(Trim::to(KEPT)).then(Edit::hd720());
            let marked = edited.then(RemoveAudio).then(Watermark::png(LOGO));
            marked.then(Bumpers::new(INTRO, OUTRO)).then(Finish::default())
        });
        Self::serve(folder, publish, fusion, slots).await
    }

    /// One that makes the same pictures without loss.
    pub(crate) async fn start_lossless(folder: &Path) -> Result<Self, Box<dyn Error>> {
        const LOSSLESS: Encoding = Encoding::LOSSLESS;
        let publish = PUBLISH.define(|upload| {
            let trimmed = upload.then(Probe::default()).then(Trim::to(KEPT).encoding(LOSSLESS));
            let edited = trimmed.then(Edit::hd720().encoding(LOSSLESS)).then(RemoveAudio);
            let marked = edited.then(Watermark::png(LOGO).encoding(LOSSLESS));
            marked.then(Bumpers::new(INTRO, OUTRO).encoding(LOSSLESS)).then(Finish::default())
        });
        Self::serve(folder, publish, true, 1).await
    }

    async fn serve(folder: &Path, publish: Definition, fusion: bool, slots: u32) -> Result<Self, Box<dyn Error>> {
        std::fs::create_dir_all(folder)?;
        let url = format!("sqlite://{}", folder.join("runs.db").display());
        let engine = Engine::builder(SqlStore::open(&url).await?)
            .artifacts(LocalArtifacts::open(folder.join("artifacts"))?)
            .scratch(folder.join("scratch"))
            .slots(slots)
            .fusion(fusion)
            .serve(publish);
        Ok(Self { engine: engine.start().await?, folder: folder.to_owned(), uploads: AtomicU32::new(0) })
    }

    /// Takes in a file.
    pub(crate) async fn upload(&self, file: &Path) -> Result<Artifact, Box<dyn Error>> {
        let number = self.uploads.fetch_add(1, Ordering::Relaxed);
        Ok(self.engine.import(&format!("incoming/{number}.mp4"), file).await?)
    }

    /// Makes the finished video.
    pub(crate) async fn publish(&self, source: Artifact) -> Result<Video, Box<dyn Error>> {
        Ok(self.engine.submit(PUBLISH, Upload::new(source)).await?.result().await?)
    }

    /// Both.
    pub(crate) async fn run(&self, file: &Path) -> Result<Run, Box<dyn Error>> {
        let (taking, source) = Cost::of(self.upload(file)).await?;
        let (making, video) = Cost::of(self.publish(source)).await?;
        Ok(Run { cost: taking + making, worker_bytes: making.bytes, video })
    }

    /// Copies a video out of the store.
    pub(crate) async fn export(&self, video: &Video, to: &Path) -> Result<(), Box<dyn Error>> {
        Ok(self.engine.export(&video.artifact, to).await?)
    }

    /// Ends it, and removes all that it kept.
    pub(crate) async fn end(self) -> Result<(), Box<dyn Error>> {
        let unexplained = self.engine.doctor().await?;
        if !unexplained.is_empty() {
            return Err(format!("nothing explains these runs: {unexplained:?}").into());
        }
        self.engine.shutdown(Duration::from_secs(5)).await;
        Ok(std::fs::remove_dir_all(&self.folder)?)
    }
}
