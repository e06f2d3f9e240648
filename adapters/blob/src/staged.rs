//! Uploads in parts into a folder.
//!
//! Unlike what a process is writing, they outlive it: each is a folder of files named by their numbers, and goes in one
//! move, so that a part that comes late finds nothing to be added to.

use std::{
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use futures::TryStreamExt;
use stagemark::ports::{ArtifactSink, Artifacts};
use tokio::{
    fs::{self, File},
    io::AsyncWriteExt,
};
use tokio_util::io::ReaderStream;
use uuid::Uuid;

use crate::{
    LocalArtifacts, PartUpload, PartUploads, PartsError, StoredPart,
    failure::explain,
    key::place,
    parts::{check_number, check_parts},
};

/// The folder of the store that parts are in.
const PARTS: &str = "parts";
/// What the name of a folder ends with that is on its way out.
const GONE: &str = ".gone";
/// How much of a part is held in memory while parts are joined.
const PIECE_BYTES: usize = 256 * 1024;

/// A part being written; dropped before it is finished, it never was.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// use stagemark_blob::{LocalArtifacts, PartUploads};
///
/// let artifacts = LocalArtifacts::open(folder.path())?;
/// let upload = artifacts.begin("uploads/1", "video/mp4").await?;
/// let mut part = artifacts.write_part(&upload, 1).await?;
/// part.write(b"half").await?;
/// drop(part);
/// assert!(artifacts.stored(&upload).await?.is_empty());
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct PartSink {
    upload: PartUpload,
    file: File,
    staged: PathBuf,
    to: PathBuf,
    size_bytes: u64,
    is_moved: bool,
}

impl PartSink {
    /// Adds bytes at the end.
    ///
    /// # Errors
    /// [`PartsError::Artifacts`] if the disk does not take them.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), PartsError> {
        self.file.write_all(bytes).await.map_err(|error| explain(&self.upload.key, error))?;
        self.size_bytes += bytes.len() as u64;
        Ok(())
    }

    /// Makes the part stored, whole and durable, in place of one that came before; gives its size in bytes.
    ///
    /// # Errors
    /// [`NotOpen`](PartsError::NotOpen) if the upload was completed or aborted meanwhile.
    pub async fn finish(mut self) -> Result<u64, PartsError> {
        let moved = async {
            self.file.flush().await?;
            self.file.sync_all().await?;
            fs::rename(&self.staged, &self.to).await?;
            sync_parent(&self.to).await
        };
        moved.await.map_err(|error| sorted(&self.upload, error))?;
        self.is_moved = true;
        Ok(self.size_bytes)
    }
}

impl Drop for PartSink {
    fn drop(&mut self) {
        if !self.is_moved
            && let Err(error) = std::fs::remove_file(&self.staged)
            && error.kind() != ErrorKind::NotFound
        {
            tracing::warn!(key = self.upload.key, %error, "a part that was given up goes with its upload");
        }
    }
}

impl LocalArtifacts {
    /// Begins a part of an upload; it counts when it is [finished](PartSink::finish).
    ///
    /// # Errors
    /// [`BadNumber`](PartsError::BadNumber); [`NotOpen`](PartsError::NotOpen) if the upload was completed or aborted.
    pub async fn write_part(&self, upload: &PartUpload, number: u32) -> Result<PartSink, PartsError> {
        check_number(number)?;
        let folder = self.parts_of(upload)?;
        let (staged, to) = (folder.join(format!("{number}-{}", Uuid::now_v7())), folder.join(number.to_string()));
        let file = File::create_new(&staged).await.map_err(|error| sorted(upload, error))?;
        Ok(PartSink { upload: upload.clone(), file, staged, to, size_bytes: 0, is_moved: false })
    }

    /// The folder of an upload; an id that is none, perhaps a path, has no folder.
    fn parts_of(&self, upload: &PartUpload) -> Result<PathBuf, PartsError> {
        let id = Uuid::try_parse(&upload.id).map_err(|_| PartsError::not_open(upload))?;
        Ok(self.parts_folder().join(id.to_string()))
    }

    fn parts_folder(&self) -> PathBuf {
        self.root().join(PARTS)
    }

    /// Writes the object, with a piece of it in memory.
    async fn join(&self, upload: &PartUpload, parts: usize) -> Result<u64, PartsError> {
        let folder = self.parts_of(upload)?;
        let mut sink: Box<dyn ArtifactSink> = self.write(&upload.key).await?;
        for number in 1..=parts {
            let part = File::open(folder.join(number.to_string())).await.map_err(|error| sorted(upload, error))?;
            let mut pieces = ReaderStream::with_capacity(part, PIECE_BYTES);
            while let Some(piece) = pieces.try_next().await.map_err(|error| explain(&upload.key, error))? {
                sink.write(piece).await?;
            }
        }
        Ok(sink.finish().await?)
    }
}

#[async_trait]
impl PartUploads for LocalArtifacts {
    async fn begin(&self, key: &str, _content_type: &str) -> Result<PartUpload, PartsError> {
        place(key)?;
        let upload = PartUpload { key: key.to_owned(), id: Uuid::now_v7().to_string() };
        let folder = self.parts_of(&upload)?;
        let made = async {
            fs::create_dir_all(&folder).await?;
            sync_parent(&folder).await?;
            sync_parent(&self.parts_folder()).await
        };
        made.await.map_err(|error| explain(key, error))?;
        Ok(upload)
    }

    async fn stored(&self, upload: &PartUpload) -> Result<Vec<StoredPart>, PartsError> {
        let mut found = fs::read_dir(self.parts_of(upload)?).await.map_err(|error| sorted(upload, error))?;
        let mut stored = Vec::new();
        while let Some(entry) = found.next_entry().await.map_err(|error| sorted(upload, error))? {
            // A name with more in it is of a part that is being written.
            let Some(number) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
            let size_bytes = entry.metadata().await.map_err(|error| sorted(upload, error))?.len();
            stored.push(StoredPart { number, size_bytes });
        }
        stored.sort_unstable_by_key(|part| part.number);
        Ok(stored)
    }

    async fn complete(&self, upload: &PartUpload, sizes_bytes: &[u64]) -> Result<u64, PartsError> {
        let joined = async {
            check_parts(upload, &self.stored(upload).await?, sizes_bytes)?;
            self.join(upload, sizes_bytes.len()).await
        };
        let object_bytes = match joined.await {
            // Another may have been faster, or the answer to an earlier one was lost.
            Err(PartsError::NotOpen { .. }) => {
                let agreed: u64 = sizes_bytes.iter().sum();
                let found = self.size_bytes(&upload.key).await?.filter(|size_bytes| *size_bytes == agreed);
                return found.ok_or_else(|| PartsError::not_open(upload));
            }
            joined => joined?,
        };
        if let Err(error) = self.abort(upload).await {
            tracing::warn!(key = upload.key, %error, "the parts of a finished upload are left; they go when they are stale");
        }
        Ok(object_bytes)
    }

    async fn abort(&self, upload: &PartUpload) -> Result<(), PartsError> {
        match self.parts_of(upload) {
            Ok(folder) => Ok(remove(&folder).await.map(drop).map_err(|error| explain(&upload.key, error))?),
            Err(_) => Ok(()),
        }
    }

    async fn abort_stale(&self, older_than: Duration) -> Result<usize, PartsError> {
        let Some(before) = SystemTime::now().checked_sub(older_than) else { return Ok(0) };
        remove_stale(&self.parts_folder(), before).await.map_err(|error| explain(PARTS, error).into())
    }
}

/// Removes the folder of an upload, which is away at once; gives whether it was there.
async fn remove(folder: &Path) -> io::Result<bool> {
    let gone = folder.with_extension(&GONE[1..]);
    match fs::rename(folder, &gone).await {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        renamed => renamed?,
    }
    fs::remove_dir_all(gone).await.map(|()| true)
}

async fn remove_stale(parts: &Path, before: SystemTime) -> io::Result<usize> {
    let mut found = match fs::read_dir(parts).await {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(0),
        found => found?,
    };
    let mut removed = 0;
    while let Some(entry) = found.next_entry().await? {
        let folder = entry.path();
        if folder.extension().is_some() {
            // Another may be removing it in this moment.
            match fs::remove_dir_all(&folder).await {
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                gone => gone?,
            }
        } else if fs::metadata(&folder).await.and_then(|found| found.modified()).is_ok_and(|at| at <= before) {
            removed += usize::from(remove(&folder).await?);
        }
    }
    Ok(removed)
}

/// Makes the entry of a file or folder durable.
async fn sync_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) => File::open(parent).await?.sync_all().await,
        None => Ok(()),
    }
}

/// What is not there was removed with its upload.
fn sorted(upload: &PartUpload, error: io::Error) -> PartsError {
    match error.kind() {
        ErrorKind::NotFound => PartsError::not_open(upload),
        _ => explain(&upload.key, error).into(),
    }
}
