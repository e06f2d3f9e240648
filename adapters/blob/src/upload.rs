//! An artifact on its way into a folder.

use std::{
    fs::{self, File},
    io,
    path::Path,
    sync::Arc,
};

use async_trait::async_trait;
use bytes::Bytes;
use object_store::{MultipartUpload, ObjectStoreExt, path::Path as Place};
use stagemark::ports::{ArtifactError, ArtifactSink};
use tokio::task::spawn_blocking;

use crate::{failure::explain, local::Inner, taken::Taken};

/// Writes beside the objects, and moves in what is complete.
pub(crate) struct Upload {
    passage: Passage,
    /// Gone after a write that failed or was given up: what is there is not whole any more.
    content: Option<Content>,
    size_bytes: u64,
}

/// What an object is made of.
enum Content {
    Parts(Box<dyn MultipartUpload>),
    File(Taken),
}

/// From where to where an artifact goes.
#[derive(Clone)]
struct Passage {
    inner: Arc<Inner>,
    key: String,
    from: Place,
    to: Place,
}

impl Upload {
    pub(crate) async fn begin(inner: &Arc<Inner>, key: &str, to: Place) -> Result<Self, ArtifactError> {
        let from = inner.staging.place();
        let parts = inner.files.put_multipart(&from).await.map_err(|error| explain(key, error))?;
        let passage = Passage { inner: Arc::clone(inner), key: key.to_owned(), from, to };
        Ok(Self { passage, content: Some(Content::Parts(parts)), size_bytes: 0 })
    }
}

#[async_trait]
impl ArtifactSink for Upload {
    async fn write(&mut self, bytes: Bytes) -> Result<(), ArtifactError> {
        let Some(Content::Parts(mut parts)) = self.content.take() else { return Err(self.passage.broken()) };
        let size_bytes = bytes.len() as u64;
        if let Err(error) = parts.put_part(bytes.into()).await {
            self.passage.remove_staged().await;
            return Err(explain(&self.passage.key, error));
        }
        self.size_bytes += size_bytes;
        self.content = Some(Content::Parts(parts));
        Ok(())
    }

    async fn take(&mut self, file: &Path) -> Result<bool, ArtifactError> {
        if self.size_bytes > 0 || !matches!(self.content, Some(Content::Parts(_))) {
            return Ok(false);
        }
        let (file, to) = (file.to_owned(), self.passage.inner.path_of(&self.passage.from));
        let taken = spawn_blocking(move || Taken::from(&file, to)).await.unwrap_or_else(|error| Err(error.into()));
        let Some(taken) = taken.map_err(|error| explain(&self.passage.key, error))? else { return Ok(false) };
        if let Some(Content::Parts(mut parts)) = self.content.replace(Content::File(taken))
            && let Err(error) = parts.abort().await
        {
            tracing::warn!(key = self.passage.key, %error, "an empty upload was not removed; the next start does it");
        }
        Ok(true)
    }

    async fn finish(mut self: Box<Self>) -> Result<u64, ArtifactError> {
        let content = self.content.take().ok_or_else(|| self.passage.broken())?;
        let (passage, size_bytes) = (self.passage.clone(), self.size_bytes);
        // A task of its own: a caller that gives up in the middle leaves no half of it behind.
        let published = tokio::spawn(async move {
            match content {
                Content::Parts(parts) => passage.publish(parts).await.map(|()| size_bytes),
                Content::File(taken) => passage.publish_file(taken).await,
            }
        });
        published.await.unwrap_or_else(|error| Err(self.passage.failed(error)))
    }
}

impl Passage {
    async fn publish(&self, mut parts: Box<dyn MultipartUpload>) -> Result<(), ArtifactError> {
        let moved = match parts.complete().await {
            Ok(_) => self.move_in().await,
            Err(error) => Err(explain(&self.key, error)),
        };
        if moved.is_err() {
            self.remove_staged().await;
        }
        moved
    }

    async fn publish_file(&self, taken: Taken) -> Result<u64, ArtifactError> {
        let settled = spawn_blocking(move || taken.settle().map(|size_bytes| (taken, size_bytes))).await;
        let settled = settled.unwrap_or_else(|error| Err(error.into()));
        let (_taken, size_bytes) = settled.map_err(|error| explain(&self.key, error))?;
        self.move_in().await.map(|()| size_bytes)
    }

    async fn move_in(&self) -> Result<(), ArtifactError> {
        let (root, path) = (self.inner.root.clone(), self.inner.path_of(&self.to));
        let made = spawn_blocking(move || make_parents(&root, &path)).await.unwrap_or_else(|error| Err(error.into()));
        made.map_err(|error| explain(&self.key, error))?;
        self.inner.files.rename(&self.from, &self.to).await.map_err(|error| explain(&self.key, error))
    }

    /// A failed upload would hold its room until this process ends.
    async fn remove_staged(&self) {
        let path = self.inner.path_of(&self.from);
        // While it is written, the file bears a number at its end.
        let unfinished = format!("{}#1", path.display());
        for staged in [path.as_path(), unfinished.as_ref()] {
            match tokio::fs::remove_file(staged).await {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    tracing::warn!(key = self.key, %error, "a failed upload was not removed; the next start does it");
                }
                _ => {}
            }
        }
    }

    fn broken(&self) -> ArtifactError {
        self.failed("an earlier write of it failed, or it has taken a file; begin it again")
    }

    fn failed(&self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> ArtifactError {
        ArtifactError::Store { key: self.key.clone(), source: source.into() }
    }
}

/// Makes the folders that a file will be in, and their entries durable: all of them, because another upload that has
/// just made one may not have come to that yet.
fn make_parents(root: &Path, path: &Path) -> io::Result<()> {
    let Some(parent) = path.parent() else { return Ok(()) };
    fs::create_dir_all(parent)?;
    let mut above = parent.ancestors().skip(1).take_while(|folder| folder.starts_with(root));
    above.try_for_each(|folder| File::open(folder)?.sync_all())
}
