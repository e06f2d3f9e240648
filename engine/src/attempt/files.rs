//! What an attempt does with artifacts and files: puts and gets them, keeps them for all runs, and has a folder for them.

use std::{path::Path, sync::Arc};

use bytes::Bytes;
use futures::stream::BoxStream;
use tokio::fs;
use tracing::Instrument;

use super::{Attempt, Identity};
use crate::{
    Artifact, ArtifactReader, ArtifactWriter, Scratch, StepError,
    artifact::{copy_in, copy_out},
    ports::{ArtifactError, Artifacts},
};

impl Attempt {
    /// Puts bytes into the artifact store under a name of this attempt's own.
    ///
    /// Two attempts never meet: the key holds run, task and attempt.
    pub async fn put(&self, name: &str, bytes: impl Into<Bytes>) -> Result<Artifact, ArtifactError> {
        let mut writer = self.writer(name).await?;
        writer.write(bytes.into()).await?;
        writer.finish().await
    }

    /// Puts a local file into the artifact store, streaming.
    pub async fn put_file(&self, name: &str, file: &Path) -> Result<Artifact, ArtifactError> {
        let writer = self.writer(name).await?;
        copy_in(writer, file).await
    }

    /// Gives a local file away to the artifact store, under a name of this attempt's own: it is not at its path any more.
    ///
    /// A store in a folder of the same file system takes the file itself, and none of it is copied: of a file with
    /// another name that leads to it, or that is still being written, use [`put_file`](Self::put_file).
    pub async fn give_file(&self, name: &str, file: &Path) -> Result<Artifact, ArtifactError> {
        self.writer(name).await?.finish_with(file, || self.heartbeat()).await
    }

    /// Begins an artifact to be written in parts; nothing is visible before [`ArtifactWriter::finish`].
    pub async fn writer(&self, name: &str) -> Result<ArtifactWriter, ArtifactError> {
        let Identity { run, task, step, number, pass } = self.inner.identity;
        let folder = format!("runs/{run}/{}-{step}/{}", task.node, task.item);
        let key = match pass {
            None => format!("{folder}/{number}/{name}"),
            Some((first, number)) => format!("{folder}/{first}-{number}/{name}"),
        };
        let filling = match &self.inner.places.cache {
            Some(cache) => cache.begin().await,
            None => None,
        };
        Ok(self.begin(key).await?.filling(filling))
    }

    /// The bytes of an artifact, in parts.
    pub async fn get(
        &self,
        artifact: &Artifact,
    ) -> Result<BoxStream<'static, Result<Bytes, ArtifactError>>, ArtifactError> {
        let span = tracing::debug_span!("artifact get", key = artifact.key, otel.kind = "client");
        let Some(cache) = &self.inner.places.cache else {
            return self.artifacts()?.read(&artifact.key).instrument(span).await;
        };
        if let Some(parts) = cache.read(artifact, self.run()).await {
            return Ok(parts);
        }
        let parts = self.artifacts()?.read(&artifact.key).instrument(span).await?;
        Ok(cache.fill(artifact, self.run(), parts).await)
    }

    /// Opens an artifact to read ranges of it, where a part of a large one is all that is needed.
    pub async fn open(&self, artifact: &Artifact) -> Result<ArtifactReader, ArtifactError> {
        ArtifactReader::open(self.artifacts()?.as_ref(), &artifact.key).await
    }

    /// Copies an artifact into a local file, streaming.
    pub async fn fetch(&self, artifact: &Artifact, file: &Path) -> Result<(), StepError> {
        let span = tracing::debug_span!("artifact fetch", key = artifact.key);
        let fetch = async { copy_out(self.get(artifact).await?, &artifact.key, file).await };
        Ok(fetch.instrument(span).await?)
    }

    /// An object that is shared by all runs, kept under `kept/<key>`, if somebody has [kept](Self::keep) it.
    pub async fn kept(&self, key: &str) -> Result<Option<Artifact>, ArtifactError> {
        let key = format!("kept/{key}");
        let size = self.artifacts()?.size_bytes(&key).await?;
        Ok(size.map(|size_bytes| Artifact::new(key, size_bytes)))
    }

    /// Keeps a local file for all runs. Name it by a hash of all that it was made from: whoever comes first or last,
    /// the object must be the same.
    pub async fn keep(&self, key: &str, file: &Path) -> Result<Artifact, ArtifactError> {
        let writer = self.begin(format!("kept/{key}")).await?;
        copy_in(writer, file).await
    }

    /// A private folder, empty, removed with all in it when the value is dropped (or, after a crash, when an engine
    /// with the same scratch folder starts).
    pub async fn scratch(&self) -> Result<Scratch, StepError> {
        let root = self.inner.places.scratch.clone();
        fs::create_dir_all(&root).await?;
        let folder =
            tokio::task::spawn_blocking(move || tempfile::Builder::new().prefix("attempt-").tempdir_in(root)).await??;
        Ok(Scratch::new(folder))
    }

    /// The artifact store itself, for what no method here does: to list objects, or to remove those that nobody may have
    /// any more.
    ///
    /// # Errors
    /// [`ArtifactError::NoStore`] if the engine has none.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use stagemark::{Engine, MemoryArtifacts, MemoryStore, Name, Workflow, from_fn, ports::Artifacts};
    ///
    /// const ERASE: Workflow<String, usize> = Workflow::new("erase");
    /// let erase = ERASE.define(|folder| {
    ///     folder.then(from_fn(Name::new("erase-objects"), |attempt, folder: String| async move {
    ///         let (artifacts, mut erased) = (attempt.artifacts()?, 0);
    ///         for key in artifacts.list(&folder).await? {
    ///             artifacts.delete(&key).await?;
    ///             erased += 1;
    ///         }
    ///         Ok(erased)
    ///     }))
    /// });
    ///
    /// let artifacts = MemoryArtifacts::new();
    /// artifacts.write("uploads/1/a").await?.finish().await?;
    /// artifacts.write("uploads/2/b").await?.finish().await?;
    /// let engine = Engine::builder(MemoryStore::new()).artifacts(artifacts.clone()).serve(erase).start().await?;
    ///
    /// assert_eq!(engine.submit(ERASE, "uploads/1".to_owned()).await?.result().await?, 1);
    /// assert_eq!(artifacts.list("uploads").await?, ["uploads/2/b"]);
    /// # Ok(()) }
    /// ```
    pub fn artifacts(&self) -> Result<&Arc<dyn Artifacts>, ArtifactError> {
        self.inner.places.artifacts.as_ref().ok_or(ArtifactError::NoStore)
    }

    async fn begin(&self, key: String) -> Result<ArtifactWriter, ArtifactError> {
        ArtifactWriter::begin(self.artifacts()?.as_ref(), key).await
    }
}
