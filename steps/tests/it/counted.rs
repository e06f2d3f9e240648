//! A store that counts what is read of it.

use std::{
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{BoxStream, StreamExt};
use stagemark::ports::{ArtifactError, ArtifactRanges, ArtifactSink, Artifacts};

/// A store, and how many bytes were read of it; clones count together.
#[derive(Clone, Debug)]
pub(crate) struct Counted<A> {
    store: A,
    whole: Arc<AtomicU64>,
    in_part: Arc<AtomicU64>,
}

impl<A> Counted<A> {
    pub(crate) fn new(store: A) -> Self {
        Self { store, whole: Arc::default(), in_part: Arc::default() }
    }

    /// The bytes of objects that were read from their beginning to their end.
    pub(crate) fn read_whole(&self) -> u64 {
        self.whole.load(SeqCst)
    }

    /// The bytes of ranges.
    pub(crate) fn read_in_part(&self) -> u64 {
        self.in_part.load(SeqCst)
    }
}

struct CountedRanges {
    object: Box<dyn ArtifactRanges>,
    read: Arc<AtomicU64>,
}

#[async_trait]
impl ArtifactRanges for CountedRanges {
    fn size_bytes(&self) -> u64 {
        self.object.size_bytes()
    }

    async fn read(&self, range: Range<u64>) -> Result<Bytes, ArtifactError> {
        let bytes = self.object.read(range).await?;
        self.read.fetch_add(bytes.len() as u64, SeqCst);
        Ok(bytes)
    }
}

#[async_trait]
impl<A: Artifacts> Artifacts for Counted<A> {
    async fn write(&self, key: &str) -> Result<Box<dyn ArtifactSink>, ArtifactError> {
        self.store.write(key).await
    }

    async fn read(&self, key: &str) -> Result<BoxStream<'static, Result<Bytes, ArtifactError>>, ArtifactError> {
        let whole = Arc::clone(&self.whole);
        let count = move |part: &Result<Bytes, _>| {
            whole.fetch_add(part.as_ref().map_or(0, |part| part.len() as u64), SeqCst);
        };
        Ok(self.store.read(key).await?.inspect(count).boxed())
    }

    async fn open(&self, key: &str) -> Result<Box<dyn ArtifactRanges>, ArtifactError> {
        Ok(Box::new(CountedRanges { object: self.store.open(key).await?, read: Arc::clone(&self.in_part) }))
    }

    async fn size_bytes(&self, key: &str) -> Result<Option<u64>, ArtifactError> {
        self.store.size_bytes(key).await
    }

    async fn list(&self, folder: &str) -> Result<Vec<String>, ArtifactError> {
        self.store.list(folder).await
    }

    async fn delete(&self, key: &str) -> Result<(), ArtifactError> {
        self.store.delete(key).await
    }
}
