//! Artifacts as steps hold them, and the scratch folder in which they make their files.

use std::{
    fmt::Write as _,
    ops::Range,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use futures::{StreamExt, stream::BoxStream};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::{
    fs,
    io::{AsyncReadExt, AsyncWriteExt},
};
use tracing::{Instrument, Span};

use crate::{
    local_cache::Filling,
    ports::{ArtifactError, ArtifactRanges, ArtifactSink, Artifacts},
};

/// How much of a file is held in memory while it is put or fetched.
pub(crate) const PART_BYTES: usize = 256 * 1024;

/// An object that a step made: its key in the artifact store, its size and a digest of its content. A payload: hand it to
/// the next step.
///
/// ```
/// use stagemark::{Artifact, Attempt, StepError};
///
/// async fn greet(attempt: &Attempt) -> Result<Artifact, StepError> {
///     Ok(attempt.put("greeting.txt", "hello").await?)
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Artifact {
    /// The key of the object in the artifact store.
    pub key: String,
    /// The size of the object.
    pub size_bytes: u64,
    /// The SHA-256 of its content in hexadecimal digits, where it is known, as it is of all that is written by the engine.
    ///
    /// By it results that are [kept](crate::Reuse) tell equal objects: never take it from those who upload one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

impl Artifact {
    /// An object of this size that others have put into the artifact store.
    pub fn new(key: impl Into<String>, size_bytes: u64) -> Self {
        Self { key: key.into(), size_bytes, digest: None }
    }
}

/// An artifact being written; dropped before it is finished, it never was.
///
/// ```
/// use stagemark::{Artifact, Attempt, StepError};
///
/// async fn copy(attempt: &Attempt, parts: Vec<String>) -> Result<Artifact, StepError> {
///     let mut writer = attempt.writer("all.txt").await?;
///     for part in parts {
///         writer.write(part.into()).await?;
///     }
///     Ok(writer.finish().await?)
/// }
/// ```
pub struct ArtifactWriter {
    key: String,
    sink: Box<dyn ArtifactSink>,
    hash: Sha256,
    /// What the next step need not fetch.
    filling: Option<Filling>,
    span: Span,
}

impl std::fmt::Debug for ArtifactWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ArtifactWriter").field("key", &self.key).finish_non_exhaustive()
    }
}

impl ArtifactWriter {
    /// Begins an object; its writing is a part of the current trace.
    pub(crate) async fn begin(artifacts: &dyn Artifacts, key: String) -> Result<Self, ArtifactError> {
        let span = tracing::debug_span!("artifact put", key, otel.kind = "client");
        let sink = artifacts.write(&key).instrument(span.clone()).await?;
        Ok(Self { key, sink, hash: Sha256::new(), filling: None, span })
    }

    /// Has what is written stay on this worker too.
    pub(crate) fn filling(self, filling: Option<Filling>) -> Self {
        Self { filling, ..self }
    }

    /// Adds bytes at the end.
    pub async fn write(&mut self, bytes: Bytes) -> Result<(), ArtifactError> {
        self.see(&bytes).await;
        self.sink.write(bytes).instrument(self.span.clone()).await
    }

    async fn see(&mut self, bytes: &Bytes) {
        self.hash.update(bytes);
        if let Some(filling) = &mut self.filling {
            filling.write(bytes).await;
        }
    }

    /// Makes the artifact visible, whole and durable.
    pub async fn finish(self) -> Result<Artifact, ArtifactError> {
        let size_bytes = self.sink.finish().instrument(self.span).await?;
        let digest = digest_of(self.hash);
        if let Some(filling) = self.filling {
            filling.finish_digested(digest.clone()).await;
        }
        Ok(Artifact { key: self.key, size_bytes, digest: Some(digest) })
    }

    /// Makes the artifact of a local file, which is given away: a store that can takes the file itself.
    pub(crate) async fn finish_with(mut self, file: &Path, heard: impl Fn()) -> Result<Artifact, ArtifactError> {
        let failed = failing(file);
        // Opened first: what is taken is read on, to be digested, after it has left its path.
        let mut from = fs::File::open(file).await.map_err(&failed)?;
        let is_taken = self.sink.take(file).instrument(self.span.clone()).await?;
        let mut read_bytes = 0;
        loop {
            let mut part = bytes::BytesMut::with_capacity(PART_BYTES);
            if from.read_buf(&mut part).await.map_err(&failed)? == 0 {
                break;
            }
            read_bytes += part.len() as u64;
            if is_taken {
                self.see(&part.freeze()).await;
            } else {
                self.write(part.freeze()).await?;
            }
            heard();
        }
        let artifact = self.finish().await?;
        if artifact.size_bytes != read_bytes {
            return Err(ArtifactError::Corrupt { key: artifact.key });
        }
        if !is_taken {
            fs::remove_file(file).await.map_err(&failed)?;
        }
        Ok(artifact)
    }
}

fn failing(file: &Path) -> impl Fn(std::io::Error) -> ArtifactError {
    |source| ArtifactError::Store { key: file.display().to_string(), source: source.into() }
}

/// The digest as an artifact has it.
pub(crate) fn digest_of(hash: Sha256) -> String {
    let mut text = String::with_capacity(64);
    for byte in hash.finalize() {
        let _infallible = write!(text, "{byte:02x}");
    }
    text
}

/// An artifact being read range by range: the same object from the first to the last, whatever becomes of its key.
///
/// ```
/// use stagemark::{Artifact, Attempt, StepError};
///
/// async fn is_mp4(attempt: &Attempt, file: &Artifact) -> Result<bool, StepError> {
///     let reader = attempt.open(file).await?;
///     let head = reader.read(0..reader.size_bytes().min(8)).await?;
///     Ok(head.ends_with(b"ftyp"))
/// }
/// ```
pub struct ArtifactReader {
    key: String,
    ranges: Box<dyn ArtifactRanges>,
    span: Span,
}

impl std::fmt::Debug for ArtifactReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ArtifactReader").field("key", &self.key).finish_non_exhaustive()
    }
}

impl ArtifactReader {
    /// Opens an object; its reading is a part of the current trace.
    pub(crate) async fn open(artifacts: &dyn Artifacts, key: &str) -> Result<Self, ArtifactError> {
        let span = tracing::debug_span!("artifact get", key, otel.kind = "client");
        let ranges = artifacts.open(key).instrument(span.clone()).await?;
        Ok(Self { key: key.to_owned(), ranges, span })
    }

    /// The size of the object in bytes.
    pub fn size_bytes(&self) -> u64 {
        self.ranges.size_bytes()
    }

    /// The bytes of a range: all of them, and so all in memory at once.
    ///
    /// # Errors
    /// [`OutOfRange`](ArtifactError::OutOfRange) if the object does not have them; [`Store`](ArtifactError::Store) if
    /// it was replaced or removed meanwhile, and its bytes are gone.
    pub async fn read(&self, range: Range<u64>) -> Result<Bytes, ArtifactError> {
        self.ranges.read(range).instrument(self.span.clone()).await
    }

    /// Lets the object be a local file too, at a path where there is none yet, if the store can do that without a copy of
    /// its bytes; says whether it did.
    ///
    /// The file is to be removed when it is not needed any more, and never to be written to: that would destroy the
    /// object.
    pub async fn link(&self, file: &Path) -> Result<bool, ArtifactError> {
        self.ranges.link(file).instrument(self.span.clone()).await
    }
}

/// A folder of one attempt's own; see [`Attempt::scratch`](crate::Attempt::scratch).
///
/// ```
/// use stagemark::{Artifact, Attempt, StepError};
///
/// async fn make(attempt: &Attempt) -> Result<Artifact, StepError> {
///     let scratch = attempt.scratch().await?;
///     std::fs::write(scratch.file("report.txt"), "done")?;
///     Ok(attempt.put_file("report.txt", &scratch.file("report.txt")).await?)
/// }
/// ```
#[derive(Debug)]
pub struct Scratch {
    folder: tempfile::TempDir,
}

impl Scratch {
    pub(crate) fn new(folder: tempfile::TempDir) -> Self {
        Self { folder }
    }

    /// The path of the folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The path of a file in the folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

pub(crate) async fn copy_in(mut writer: ArtifactWriter, file: &Path) -> Result<Artifact, ArtifactError> {
    let failed = failing(file);
    let mut from = fs::File::open(file).await.map_err(&failed)?;
    loop {
        let mut part = bytes::BytesMut::with_capacity(PART_BYTES);
        if from.read_buf(&mut part).await.map_err(&failed)? == 0 {
            return writer.finish().await;
        }
        writer.write(part.freeze()).await?;
    }
}

pub(crate) async fn copy_out(
    mut parts: BoxStream<'static, Result<Bytes, ArtifactError>>,
    key: &str,
    file: &Path,
) -> Result<(), ArtifactError> {
    let failed = |source: std::io::Error| ArtifactError::Store { key: key.to_owned(), source: source.into() };
    let mut out = fs::File::create(file).await.map_err(failed)?;
    while let Some(part) = parts.next().await {
        out.write_all(&part?).await.map_err(failed)?;
    }
    out.flush().await.map_err(failed)
}
