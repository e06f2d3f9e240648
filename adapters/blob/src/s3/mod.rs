//! Artifacts in whatever speaks S3.

mod checksum;
mod claim;
mod download;
mod open;
mod options;
mod parts;
mod place;
mod ranges;
mod raw;
mod session;
mod sigv4;
mod stale;
mod upload;
mod urls;

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use futures::{TryStreamExt, future, stream::BoxStream};
use object_store::{ObjectStore, ObjectStoreExt, aws::AmazonS3};
use stagemark::ports::{ArtifactError, ArtifactRanges, ArtifactSink, Artifacts};

use self::{place::Places, raw::Raw, upload::Upload};
use crate::failure::explain_s3;

pub use self::{
    open::S3OpenError,
    options::S3Options,
    parts::PartTerms,
    urls::{SignedUrl, UploadTerms},
};

/// Keeps artifacts in a bucket of S3, or of whatever speaks it; clones share it.
///
/// What is written goes up in parts while it is written, with three of them in memory; it is seen when it is finished,
/// whole. Its checksum goes with it, the store keeps it, and what comes back is compared with it: other bytes are
/// [`Corrupt`](ArtifactError::Corrupt). (Of objects that others put without a checksum, and of ranges,
/// the size alone is compared.) An upload that is given up is removed; what a process left that died,
/// [`abort_stale_uploads`](Self::abort_stale_uploads) removes, or the bucket's lifecycle policy.
///
/// Requests are tried again while the store is away, for as long as [`S3Options::patience`] says.
///
/// ```no_run
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use stagemark::ports::Artifacts;
/// use stagemark_blob::{S3Artifacts, S3Options};
///
/// let artifacts = S3Artifacts::open(S3Options::new("videos").region("eu-central-1")).await?;
/// let mut sink = artifacts.write("uploads/hello.txt").await?;
/// sink.write("hello".into()).await?;
/// sink.finish().await?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct S3Artifacts {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    options: S3Options,
    store: AmazonS3,
    raw: Raw,
    places: Places,
}

/// What becomes of an object that has the key already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Replace,
    Create,
}

impl S3Artifacts {
    /// Keeps artifacts in a bucket that is there; whether it may be written is tried with a small object, `probe`.
    ///
    /// # Errors
    /// [`S3OpenError`]: each kind says what to mend.
    pub async fn open(options: S3Options) -> Result<Self, S3OpenError> {
        Ok(Self { inner: Arc::new(open::open(options).await?) })
    }

    /// Begins an object that must be the first of its key: of several that are written at once, one is finished, and the
    /// others are told that it [`Exists`](ArtifactError::Exists), or is about to.
    pub fn write_new(&self, key: &str) -> Result<Box<dyn ArtifactSink>, ArtifactError> {
        Ok(Box::new(Upload::begin(&self.inner, key, Mode::Create)?))
    }
}

impl fmt::Debug for S3Artifacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Artifacts").field("options", &self.inner.options).finish_non_exhaustive()
    }
}

#[async_trait]
impl Artifacts for S3Artifacts {
    async fn write(&self, key: &str) -> Result<Box<dyn ArtifactSink>, ArtifactError> {
        Ok(Box::new(Upload::begin(&self.inner, key, Mode::Replace)?))
    }

    async fn read(&self, key: &str) -> Result<BoxStream<'static, Result<Bytes, ArtifactError>>, ArtifactError> {
        download::read(&self.inner, key).await
    }

    async fn open(&self, key: &str) -> Result<Box<dyn ArtifactRanges>, ArtifactError> {
        ranges::open(&self.inner, key).await
    }

    async fn size_bytes(&self, key: &str) -> Result<Option<u64>, ArtifactError> {
        match self.inner.store.head(&self.inner.places.of(key)?).await {
            Ok(found) => Ok(Some(found.size)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(explain_s3(key, error)),
        }
    }

    async fn list(&self, within: &str) -> Result<Vec<String>, ArtifactError> {
        let places = &self.inner.places;
        let found = self.inner.store.list(Some(&places.folder(within)?));
        let keys = found.try_filter_map(|object| future::ready(Ok(places.key_at(&object.location))));
        let mut keys: Vec<String> = keys.try_collect().await.map_err(|error| explain_s3(within, error))?;
        keys.sort_unstable();
        Ok(keys)
    }

    async fn delete(&self, key: &str) -> Result<(), ArtifactError> {
        match self.inner.store.delete(&self.inner.places.of(key)?).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(explain_s3(key, error)),
        }
    }
}
