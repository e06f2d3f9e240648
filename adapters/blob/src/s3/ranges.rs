//! Ranges of an object in a bucket: all of the one that was there when it was opened.

use std::{iter::successors, ops::Range, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use object_store::ObjectStoreExt;
use stagemark::ports::{ArtifactError, ArtifactRanges};

use super::{
    Inner,
    download::{AHEAD_MAX, Source},
};
use crate::failure::explain_s3;

/// The object, by the tag that the store gave it: each request is on condition that it still has it.
struct Opened {
    source: Source,
    size_bytes: u64,
}

pub(super) async fn open(inner: &Arc<Inner>, key: &str) -> Result<Box<dyn ArtifactRanges>, ArtifactError> {
    let place = inner.places.of(key)?;
    let found = match inner.store.head(&place).await {
        Ok(found) => found,
        Err(object_store::Error::NotFound { .. }) => return Err(ArtifactError::Missing { key: key.to_owned() }),
        Err(error) => return Err(explain_s3(key, error)),
    };
    let source = Source { inner: Arc::clone(inner), key: key.into(), place, tag: found.e_tag };
    Ok(Box::new(Opened { source, size_bytes: found.size }))
}

#[async_trait]
impl ArtifactRanges for Opened {
    fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    async fn read(&self, range: Range<u64>) -> Result<Bytes, ArtifactError> {
        ArtifactError::check_range(&self.source.key, &range, self.size_bytes)?;
        // No request is larger than a part, so that each can be answered in the time that it is given.
        let part_bytes = self.source.inner.options.part_bytes as u64;
        let part = |start: u64| (start < range.end).then(|| start..range.end.min(start.saturating_add(part_bytes)));
        let parts = successors(part(range.start), |before| part(before.end));
        let fetched = stream::iter(parts).map(|part| self.source.clone().fetch(part)).buffered(AHEAD_MAX);
        let pieces: Vec<Bytes> =
            fetched.map_ok(|pieces| stream::iter(pieces).map(Ok)).try_flatten().try_collect().await?;
        Ok(match &pieces[..] {
            [one] => one.clone(),
            pieces => pieces.concat().into(),
        })
    }
}
