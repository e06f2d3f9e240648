//! Artifacts in memory.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt, stream, stream::BoxStream};
use stagemark::ports::{ArtifactError, ArtifactSink, Artifacts};

#[derive(Clone, Debug, Default)]
pub(crate) struct Store(Arc<Mutex<BTreeMap<String, Bytes>>>);

impl Store {
    pub(crate) fn get(&self, key: &str) -> Option<Bytes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    pub(crate) fn put(&self, key: &str, bytes: impl Into<Bytes>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key.into(), bytes.into());
    }

    pub(crate) fn keys(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }
}

#[async_trait]
impl Artifacts for Store {
    async fn write(&self, key: &str) -> Result<Box<dyn ArtifactSink>, ArtifactError> {
        Ok(Box::new(Sink { store: self.clone(), key: key.into(), held: Vec::new() }))
    }

    async fn read(&self, key: &str) -> Result<BoxStream<'static, Result<Bytes, ArtifactError>>, ArtifactError> {
        let bytes = self.get(key).ok_or_else(|| ArtifactError::Missing { key: key.into() })?;
        Ok(stream::iter([Ok(bytes)]).boxed())
    }

    async fn size_bytes(&self, key: &str) -> Result<Option<u64>, ArtifactError> {
        Ok(self.get(key).map(|bytes| bytes.len() as u64))
    }

    async fn list(&self, folder: &str) -> Result<Vec<String>, ArtifactError> {
        Ok(self.keys().into_iter().filter(|key| key.starts_with(folder)).collect())
    }

    async fn delete(&self, key: &str) -> Result<(), ArtifactError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
        Ok(())
    }
}

struct Sink {
    store: Store,
    key: String,
    held: Vec<u8>,
}

#[async_trait]
impl ArtifactSink for Sink {
    async fn write(&mut self, bytes: Bytes) -> Result<(), ArtifactError> {
        self.held.extend_from_slice(&bytes);
        Ok(())
    }

    async fn finish(self: Box<Self>) -> Result<u64, ArtifactError> {
        let size = self.held.len() as u64;
        self.store.put(&self.key, self.held);
        Ok(size)
    }
}
