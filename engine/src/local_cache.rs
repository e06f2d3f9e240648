//! What a worker has read or written lately, on its own disk: the next step of a run need not fetch it again.
//!
//! It is a help alone: where the disk fails, the artifact store is asked as without it.

use std::{
    collections::HashMap,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream, stream::BoxStream};
use sha2::{Digest, Sha256};
use tokio::{fs, io::AsyncWriteExt};
use tokio_util::io::ReaderStream;

use crate::{
    Artifact, RunId,
    artifact::{PART_BYTES, digest_of},
    ports::ArtifactError,
};

type Parts = BoxStream<'static, Result<Bytes, ArtifactError>>;

/// Files of a worker's own, with as many bytes as it may have at most.
#[derive(Debug)]
pub(crate) struct LocalCache {
    folder: PathBuf,
    bytes_max: u64,
    held: Mutex<Held>,
}

/// What is in the folder.
#[derive(Debug, Default)]
struct Held {
    entries: HashMap<Content, Entry>,
    /// Of all files, those that are being written included.
    bytes: u64,
    /// Counts files, and uses of them.
    last: u64,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    file: u64,
    size_bytes: u64,
    used: u64,
}

/// What a file holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Content {
    /// These bytes, by their SHA-256.
    Digest(String),
    /// What this run found under a key. Another run may find something else there.
    Found(RunId, String),
}

impl Content {
    fn of(artifact: &Artifact, run: RunId) -> Self {
        match &artifact.digest {
            Some(digest) => Self::Digest(digest.clone()),
            None => Self::Found(run, artifact.key.clone()),
        }
    }
}

impl LocalCache {
    /// An empty one in this folder, which is made.
    pub(crate) fn open(folder: PathBuf, bytes_max: u64) -> io::Result<Arc<Self>> {
        std::fs::create_dir(&folder)?;
        Ok(Arc::new(Self { folder, bytes_max, held: Mutex::default() }))
    }

    /// The bytes of an artifact that is here.
    pub(crate) async fn read(&self, artifact: &Artifact, run: RunId) -> Option<Parts> {
        let content = Content::of(artifact, run);
        let entry = self.held().used(&content)?;
        if entry.size_bytes != artifact.size_bytes {
            return None;
        }
        // An opened file can be read to its end, whatever becomes of its name.
        match fs::File::open(self.path(entry.file)).await {
            Ok(file) => {
                let key = artifact.key.clone();
                let failed = move |error| ArtifactError::Store { key: key.clone(), source: Box::new(error) };
                Some(ReaderStream::with_capacity(file, PART_BYTES).map_err(failed).boxed())
            }
            Err(error) => {
                // Made room since, or lost: it is fetched again.
                tracing::debug!(key = artifact.key, %error, "a file of the local cache could not be opened");
                None
            }
        }
    }

    /// The same bytes as they come from the artifact store; they are here when all of them have come.
    pub(crate) async fn fill(self: &Arc<Self>, artifact: &Artifact, run: RunId, parts: Parts) -> Parts {
        if artifact.size_bytes > self.file_bytes_max() {
            return parts;
        }
        let Some(filling) = self.begin().await else { return parts };
        let tee = Tee { parts, filling: Some((filling, Sha256::new())), artifact: artifact.clone(), run };
        stream::unfold(tee, Tee::next).boxed()
    }

    /// A file to be filled, if one can be made.
    pub(crate) async fn begin(self: &Arc<Self>) -> Option<Filling> {
        let number = self.held().next();
        let path = self.path(number);
        match fs::File::create(&path).await {
            Ok(file) => {
                Some(Filling { cache: Arc::clone(self), number, file: Some(file), size_bytes: 0, is_kept: false })
            }
            Err(error) => {
                self.give_room(&path, &error);
                None
            }
        }
    }

    /// The most that one file may have: a large one does not take the place of all others.
    fn file_bytes_max(&self) -> u64 {
        self.bytes_max / 2
    }

    /// Removes what was not used for the longest time, until there is room for so many bytes more; whether there is.
    fn reserve(&self, bytes: u64) -> bool {
        let mut held = self.held();
        let mut removed = Vec::new();
        while held.bytes.saturating_add(bytes) > self.bytes_max
            && let Some(entry) = held.oldest()
        {
            held.bytes -= entry.size_bytes;
            removed.push(entry);
        }
        let fits = held.bytes.saturating_add(bytes) <= self.bytes_max;
        held.bytes += if fits { bytes } else { 0 };
        drop(held);
        self.remove(&removed);
        fits
    }

    /// A disk that takes no more is needed by the steps themselves.
    fn give_room(&self, path: &Path, error: &io::Error) {
        tracing::debug!(path = %path.display(), %error, "the local cache was emptied; artifacts are fetched again");
        let removed = {
            let mut held = self.held();
            let removed: Vec<_> = held.entries.drain().map(|(_, entry)| entry).collect();
            held.bytes -= removed.iter().map(|entry| entry.size_bytes).sum::<u64>();
            removed
        };
        self.remove(&removed);
    }

    fn remove(&self, entries: &[Entry]) {
        for entry in entries {
            remove(&self.path(entry.file));
        }
    }

    fn path(&self, file: u64) -> PathBuf {
        self.folder.join(file.to_string())
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn next(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    /// The entry of this content, which is used now.
    fn used(&mut self, content: &Content) -> Option<Entry> {
        let used = self.next();
        let entry = self.entries.get_mut(content)?;
        entry.used = used;
        Some(*entry)
    }

    /// Takes out the entry that was not used for the longest time.
    fn oldest(&mut self) -> Option<Entry> {
        let (content, _) = self.entries.iter().min_by_key(|(_, entry)| entry.used)?;
        let content = content.clone();
        self.entries.remove(&content)
    }
}

/// A file on its way into the cache; dropped before it is finished, it never was.
#[derive(Debug)]
pub(crate) struct Filling {
    cache: Arc<LocalCache>,
    number: u64,
    /// Gone where it would be too large, or could not be written.
    file: Option<fs::File>,
    size_bytes: u64,
    is_kept: bool,
}

impl Filling {
    /// Adds bytes at the end.
    pub(crate) async fn write(&mut self, bytes: &Bytes) {
        let Some(mut file) = self.file.take() else { return };
        let size_bytes = bytes.len() as u64;
        if self.size_bytes + size_bytes > self.cache.file_bytes_max() || !self.cache.reserve(size_bytes) {
            return;
        }
        self.size_bytes += size_bytes;
        match file.write_all(bytes).await {
            Ok(()) => self.file = Some(file),
            Err(error) => self.cache.give_room(&self.cache.path(self.number), &error),
        }
    }

    /// Keeps what was written, as bytes of this digest.
    pub(crate) async fn finish_digested(self, digest: String) {
        self.finish(Content::Digest(digest)).await;
    }

    async fn finish(mut self, content: Content) {
        let Some(mut file) = self.file.take() else { return };
        if let Err(error) = file.flush().await {
            return self.cache.give_room(&self.cache.path(self.number), &error);
        }
        let mut held = self.cache.held();
        let used = held.next();
        let entry = Entry { file: self.number, size_bytes: self.size_bytes, used };
        let replaced = held.entries.insert(content, entry);
        held.bytes -= replaced.map_or(0, |entry| entry.size_bytes);
        drop(held);
        if let Some(entry) = replaced {
            remove(&self.cache.path(entry.file));
        }
        self.is_kept = true;
    }
}

impl Drop for Filling {
    fn drop(&mut self) {
        if !self.is_kept {
            self.cache.held().bytes -= self.size_bytes;
            remove(&self.cache.path(self.number));
        }
    }
}

/// Parts on their way from the artifact store to who reads them, and into a file.
struct Tee {
    parts: Parts,
    filling: Option<(Filling, Sha256)>,
    artifact: Artifact,
    run: RunId,
}

impl Tee {
    async fn next(mut self) -> Option<(Result<Bytes, ArtifactError>, Self)> {
        match self.parts.next().await {
            Some(Ok(bytes)) => {
                if let Some((filling, hash)) = &mut self.filling {
                    hash.update(&bytes);
                    filling.write(&bytes).await;
                }
                Some((Ok(bytes), self))
            }
            Some(Err(error)) => Some((Err(error), Self { filling: None, ..self })),
            None => {
                let (filling, hash) = self.filling?;
                let found = digest_of(hash);
                let is_it = self.artifact.digest.as_ref().is_none_or(|digest| *digest == found);
                if is_it && filling.size_bytes == self.artifact.size_bytes {
                    filling.finish(Content::of(&self.artifact, self.run)).await;
                }
                None
            }
        }
    }
}

fn remove(path: &Path) {
    if let Err(error) = std::fs::remove_file(path)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::debug!(path = %path.display(), %error, "a file of the local cache was not removed; the next start does it");
    }
}
