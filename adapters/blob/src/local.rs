//! Artifacts in a local folder.

use std::{
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom},
    ops::Range,
    os::fd::AsRawFd,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, future, stream::BoxStream};
use object_store::{GetResultPayload, ObjectStore, ObjectStoreExt, local::LocalFileSystem, path::Path as Place};
use rustix::fs::{AtFlags, CWD, linkat};
use stagemark::ports::{ArtifactError, ArtifactRanges, ArtifactSink, Artifacts};
use tokio_util::io::ReaderStream;

use crate::{
    failure::{explain, explain_look},
    key::{folder, key_at, place},
    staging::Staging,
    upload::Upload,
};

/// How much of an artifact is held in memory while it is read.
const PART_BYTES: usize = 256 * 1024;

/// Keeps artifacts in a local folder; clones share it, and so may other processes.
///
/// What is being written stands apart from the finished objects and is moved to its place when it is whole and on
/// the disk, with its folders. What a process left unfinished when it died goes when the folder is opened next. As in
/// any folder, no key can be the folder of another.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let folder = folder.path().join("artifacts");
/// use stagemark::ports::Artifacts;
/// use stagemark_blob::LocalArtifacts;
///
/// let artifacts = LocalArtifacts::open(folder)?;
/// let mut sink = artifacts.write("uploads/hello.txt").await?;
/// sink.write("hello".into()).await?;
/// sink.finish().await?;
/// assert_eq!(std::fs::read(artifacts.path_of("uploads/hello.txt")?)?, b"hello");
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct LocalArtifacts {
    inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) root: PathBuf,
    pub(crate) files: LocalFileSystem,
    pub(crate) staging: Staging,
}

/// Why a folder cannot keep artifacts.
///
/// ```
/// let error = stagemark_blob::LocalArtifacts::open("/dev/null/artifacts").unwrap_err();
/// assert_eq!(error.path.as_os_str(), "/dev/null/artifacts");
/// ```
#[derive(Debug, thiserror::Error)]
#[error("the folder {} cannot keep artifacts; it must be a folder that this user may write", path.display())]
#[non_exhaustive]
pub struct OpenError {
    /// The folder.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

impl LocalArtifacts {
    /// Keeps artifacts in this folder, which is made if it is not there.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self, OpenError> {
        let path = folder.as_ref();
        match Inner::open(path) {
            Ok(inner) => Ok(Self { inner: Arc::new(inner) }),
            Err(source) => Err(OpenError { path: path.to_owned(), source }),
        }
    }

    /// Where the artifact of this key is, or will be: an absolute path.
    ///
    /// # Errors
    /// [`ArtifactError::BadKey`] if no artifact can have this key.
    pub fn path_of(&self, key: &str) -> Result<PathBuf, ArtifactError> {
        Ok(self.inner.path_of(&place(key)?))
    }

    /// The folder of the store.
    pub(crate) fn root(&self) -> &Path {
        &self.inner.root
    }
}

impl Inner {
    fn open(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let root = folder.canonicalize()?;
        if let Some(parent) = root.parent() {
            File::open(parent)?.sync_all()?;
        }
        let files = LocalFileSystem::new_with_prefix(&root)?.with_fsync(true);
        let staging = Staging::open(&root)?;
        Ok(Self { root, files, staging })
    }

    pub(crate) fn path_of(&self, place: &Place) -> PathBuf {
        self.root.join(place.as_ref())
    }
}

#[async_trait]
impl Artifacts for LocalArtifacts {
    async fn write(&self, key: &str) -> Result<Box<dyn ArtifactSink>, ArtifactError> {
        Ok(Box::new(Upload::begin(&self.inner, key, place(key)?).await?))
    }

    async fn read(&self, key: &str) -> Result<BoxStream<'static, Result<Bytes, ArtifactError>>, ArtifactError> {
        let found = self.inner.files.get(&place(key)?).await.map_err(|error| explain_look(key, error))?;
        let key = key.to_owned();
        Ok(match found.payload {
            GetResultPayload::File(file, _) => {
                let parts = ReaderStream::with_capacity(tokio::fs::File::from_std(file), PART_BYTES);
                parts.map_err(move |error| explain(&key, error)).boxed()
            }
            GetResultPayload::Stream(parts) => parts.map_err(move |error| explain(&key, error)).boxed(),
        })
    }

    async fn open(&self, key: &str) -> Result<Box<dyn ArtifactRanges>, ArtifactError> {
        let found = self.inner.files.get(&place(key)?).await.map_err(|error| explain_look(key, error))?;
        let (size_bytes, key) = (found.meta.size, key.to_owned());
        match found.payload {
            GetResultPayload::File(file, _) => {
                Ok(Box::new(Opened { key, size_bytes, file: Arc::new(Mutex::new(file)) }))
            }
            GetResultPayload::Stream(_) => {
                Err(ArtifactError::Store { key, source: "a file was expected of a folder, not a stream".into() })
            }
        }
    }

    async fn size_bytes(&self, key: &str) -> Result<Option<u64>, ArtifactError> {
        match self.inner.files.head(&place(key)?).await.map_err(|error| explain_look(key, error)) {
            Ok(found) => Ok(Some(found.size)),
            Err(ArtifactError::Missing { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn list(&self, within: &str) -> Result<Vec<String>, ArtifactError> {
        let found = self.inner.files.list(Some(&folder(within)?));
        let keys = found.try_filter_map(|object| future::ready(Ok(key_at(&object.location))));
        let mut keys: Vec<String> = keys.try_collect().await.map_err(|error| explain(within, error))?;
        keys.sort_unstable();
        Ok(keys)
    }

    async fn delete(&self, key: &str) -> Result<(), ArtifactError> {
        match self.inner.files.delete(&place(key)?).await.map_err(|error| explain_look(key, error)) {
            Err(ArtifactError::Missing { .. }) => Ok(()),
            deleted => deleted,
        }
    }
}

/// A file that is open, and stays the same when another takes its name.
struct Opened {
    key: String,
    size_bytes: u64,
    file: Arc<Mutex<File>>,
}

#[async_trait]
impl ArtifactRanges for Opened {
    fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    async fn read(&self, range: Range<u64>) -> Result<Bytes, ArtifactError> {
        ArtifactError::check_range(&self.key, &range, self.size_bytes)?;
        let file = Arc::clone(&self.file);
        let read = tokio::task::spawn_blocking(move || {
            let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
            file.seek(SeekFrom::Start(range.start))?;
            let mut bytes = Vec::new();
            (&mut *file).take(range.end - range.start).read_to_end(&mut bytes)?;
            if bytes.len() as u64 == range.end - range.start {
                Ok(bytes)
            } else {
                Err(io::ErrorKind::UnexpectedEof.into())
            }
        });
        let bytes = read.await.unwrap_or_else(|error| Err(io::Error::other(error)));
        bytes.map(Bytes::from).map_err(|error| explain(&self.key, error))
    }

    async fn link(&self, file: &Path) -> Result<bool, ArtifactError> {
        let (opened, to) = (Arc::clone(&self.file), file.to_owned());
        let linked = tokio::task::spawn_blocking(move || {
            // By what is open, which may have lost its name to another object, and has none if it was removed.
            let opened = opened.lock().unwrap_or_else(PoisonError::into_inner);
            linkat(CWD, format!("/proc/self/fd/{}", opened.as_raw_fd()), CWD, to, AtFlags::SYMLINK_FOLLOW)
        });
        let linked = linked.await.map_err(io::Error::other).and_then(|linked| Ok(linked?));
        if let Err(error) = &linked {
            tracing::debug!(key = self.key, file = %file.display(), %error, "an artifact cannot be linked");
        }
        Ok(linked.is_ok())
    }
}
