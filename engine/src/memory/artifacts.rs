//! Artifacts in memory.

use std::{
    collections::BTreeMap,
    ops::Range,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures::{StreamExt, stream::BoxStream};

use crate::ports::{ArtifactError, ArtifactRanges, ArtifactSink, Artifacts};

type Objects = Arc<Mutex<BTreeMap<String, Bytes>>>;

/// Keeps artifacts in memory; clones share them.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use stagemark::{MemoryArtifacts, ports::Artifacts};
///
/// let artifacts = MemoryArtifacts::new();
/// let mut sink = artifacts.write("a/b").await?;
/// sink.write("hello".into()).await?;
/// assert_eq!(artifacts.size_bytes("a/b").await?, None);
/// sink.finish().await?;
/// assert_eq!(artifacts.size_bytes("a/b").await?, Some(5));
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Default)]
pub struct MemoryArtifacts {
    objects: Objects,
}

impl MemoryArtifacts {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }
}

impl MemoryArtifacts {
    fn find(&self, key: &str) -> Result<Bytes, ArtifactError> {
        locked(&self.objects).get(key).cloned().ok_or_else(|| ArtifactError::Missing { key: key.to_owned() })
    }
}

fn locked(objects: &Objects) -> std::sync::MutexGuard<'_, BTreeMap<String, Bytes>> {
    objects.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl Artifacts for MemoryArtifacts {
    async fn write(&self, key: &str) -> Result<Box<dyn ArtifactSink>, ArtifactError> {
        if key.split('/').any(|part| matches!(part, "" | "." | "..")) || key.contains('\0') {
            return Err(ArtifactError::BadKey { key: key.to_owned() });
        }
        let (objects, key) = (Arc::clone(&self.objects), key.to_owned());
        Ok(Box::new(Sink { objects, key, bytes: BytesMut::new() }))
    }

    async fn read(&self, key: &str) -> Result<BoxStream<'static, Result<Bytes, ArtifactError>>, ArtifactError> {
        let bytes = self.find(key)?;
        Ok(futures::stream::once(async move { Ok(bytes) }).boxed())
    }

    async fn open(&self, key: &str) -> Result<Box<dyn ArtifactRanges>, ArtifactError> {
        Ok(Box::new(Opened { bytes: self.find(key)?, key: key.to_owned() }))
    }

    async fn size_bytes(&self, key: &str) -> Result<Option<u64>, ArtifactError> {
        Ok(locked(&self.objects).get(key).map(|bytes| bytes.len() as u64))
    }

    async fn list(&self, folder: &str) -> Result<Vec<String>, ArtifactError> {
        let inside = format!("{}/", folder.trim_end_matches('/'));
        let objects = locked(&self.objects);
        Ok(objects.keys().filter(|key| folder.is_empty() || key.starts_with(&inside)).cloned().collect())
    }

    async fn delete(&self, key: &str) -> Result<(), ArtifactError> {
        locked(&self.objects).remove(key);
        Ok(())
    }
}

struct Opened {
    key: String,
    bytes: Bytes,
}

#[async_trait]
impl ArtifactRanges for Opened {
    fn size_bytes(&self) -> u64 {
        self.bytes.len() as u64
    }

    async fn read(&self, range: Range<u64>) -> Result<Bytes, ArtifactError> {
        ArtifactError::check_range(&self.key, &range, self.size_bytes())?;
        let place = |at: u64| usize::try_from(at).expect("a range of what is in memory has places in memory");
        Ok(self.bytes.slice(place(range.start)..place(range.end)))
    }
}

struct Sink {
    objects: Objects,
    key: String,
    bytes: BytesMut,
}

#[async_trait]
impl ArtifactSink for Sink {
    async fn write(&mut self, bytes: Bytes) -> Result<(), ArtifactError> {
        self.bytes.extend_from_slice(&bytes);
        Ok(())
    }

    async fn finish(self: Box<Self>) -> Result<u64, ArtifactError> {
        let size = self.bytes.len() as u64;
        locked(&self.objects).insert(self.key, self.bytes.freeze());
        Ok(size)
    }
}
