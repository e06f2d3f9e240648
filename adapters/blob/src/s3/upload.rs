//! An artifact on its way into a bucket.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use object_store::{
    Attribute, Attributes, Error, GetOptions, ObjectStore, PutMode, PutOptions, PutPayloadMut, path::Path,
};
use stagemark::ports::{ArtifactError, ArtifactSink};
use uuid::Uuid;

use super::{Inner, Mode, claim::Claim, session::Session};
use crate::failure::explain_s3;

/// Who wrote an object: another id for each upload, so that its writer knows it again.
pub(super) const WRITER: &str = "stagemark-writer";
/// Smaller pieces are gathered; larger ones are sent as they are.
const PIECE_BYTES: usize = 64 * 1024;

/// Gathers parts and sends them; what fits into one is sent at once when it is finished.
pub(super) struct Upload {
    inner: Arc<Inner>,
    key: String,
    place: Path,
    mode: Mode,
    writer: String,
    part: PutPayloadMut,
    session: Option<Session>,
    size_bytes: u64,
    /// After a write that failed or was given up, what went up is not whole any more.
    is_broken: bool,
}

impl Upload {
    pub(super) fn begin(inner: &Arc<Inner>, key: &str, mode: Mode) -> Result<Self, ArtifactError> {
        let (place, writer) = (inner.places.of(key)?, Uuid::now_v7().to_string());
        let (inner, key) = (Arc::clone(inner), key.to_owned());
        let part = empty_part();
        Ok(Self { inner, key, place, mode, writer, part, session: None, size_bytes: 0, is_broken: false })
    }

    async fn send_part(&mut self) -> Result<(), ArtifactError> {
        let payload = std::mem::replace(&mut self.part, empty_part()).freeze();
        let session = match &mut self.session {
            Some(session) => session,
            none => none.insert(Session::begin(&self.inner, &self.key, &self.place, &self.writer).await?),
        };
        session.send(payload).await
    }

    async fn add(&mut self, mut bytes: Bytes) -> Result<(), ArtifactError> {
        let part_bytes = self.inner.options.part_bytes;
        self.size_bytes += bytes.len() as u64;
        while self.part.content_length() + bytes.len() >= part_bytes {
            let head = bytes.split_to(part_bytes - self.part.content_length());
            self.part.push(head);
            self.send_part().await?;
        }
        if bytes.len() < PIECE_BYTES {
            self.part.extend_from_slice(&bytes);
        } else {
            self.part.push(bytes);
        }
        Ok(())
    }

    async fn publish(&mut self) -> Result<(), ArtifactError> {
        if self.mode == Mode::Replace {
            return self.make().await;
        }
        let (inner, key) = (Arc::clone(&self.inner), self.key.clone());
        let claim = Claim::take(&inner, &key, &self.writer).await?;
        let mut made = self.make().await;
        if made.is_err() && self.has_landed().await {
            made = Ok(());
        }
        claim.release().await;
        made
    }

    async fn make(&mut self) -> Result<(), ArtifactError> {
        if self.session.is_none() {
            return self.put().await;
        }
        if !self.part.is_empty() {
            self.send_part().await?;
        }
        match &mut self.session {
            Some(session) => session.complete(self.mode).await,
            None => Ok(()),
        }
    }

    /// Sends the one part that there is, as the whole object.
    async fn put(&mut self) -> Result<(), ArtifactError> {
        let payload = std::mem::take(&mut self.part).freeze();
        let attributes: Attributes = [(Attribute::Metadata(WRITER.into()), self.writer.clone())].into_iter().collect();
        let mode = match self.mode {
            Mode::Replace => PutMode::Overwrite,
            Mode::Create => PutMode::Create,
        };
        let options = PutOptions { mode, attributes, ..PutOptions::default() };
        match self.inner.store.put_opts(&self.place, payload, options).await {
            Ok(_) => Ok(()),
            Err(Error::AlreadyExists { .. }) => Err(ArtifactError::Exists { key: self.key.clone() }),
            Err(error) => Err(explain_s3(&self.key, error)),
        }
    }

    /// Whether the object that stands there is this one: an answer that was lost, or came twice, looks like a failure.
    async fn has_landed(&self) -> bool {
        let found = self.inner.store.get_opts(&self.place, GetOptions { head: true, ..GetOptions::default() }).await;
        found.is_ok_and(|found| {
            let writer = found.attributes.get(&Attribute::Metadata(WRITER.into()));
            found.meta.size == self.size_bytes && writer.is_some_and(|writer| writer.as_ref() == self.writer)
        })
    }

    async fn settle(mut self: Box<Self>) -> Result<u64, ArtifactError> {
        let published = self.publish().await;
        if published.is_err() && self.has_landed().await {
            if let Some(session) = &mut self.session {
                session.is_over();
            }
            return Ok(self.size_bytes);
        }
        if let (Err(_), Some(session)) = (&published, &mut self.session) {
            session.abort().await;
        }
        published.map(|()| self.size_bytes)
    }

    fn failed(&self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> ArtifactError {
        ArtifactError::Store { key: self.key.clone(), source: source.into() }
    }
}

#[async_trait]
impl ArtifactSink for Upload {
    async fn write(&mut self, bytes: Bytes) -> Result<(), ArtifactError> {
        if self.is_broken {
            return Err(self.failed("an earlier write of it failed; begin it again"));
        }
        self.is_broken = true;
        let added = self.add(bytes).await;
        if added.is_ok() {
            self.is_broken = false;
        } else if let Some(session) = &mut self.session {
            session.abort().await;
        }
        added
    }

    async fn finish(self: Box<Self>) -> Result<u64, ArtifactError> {
        if self.is_broken {
            return Err(self.failed("an earlier write of it failed; begin it again"));
        }
        let key = self.key.clone();
        // A task of its own: a caller that gives up in the middle leaves no half of it behind.
        let settled = tokio::spawn(self.settle()).await;
        settled.unwrap_or_else(|error| Err(ArtifactError::Store { key, source: error.into() }))
    }
}

fn empty_part() -> PutPayloadMut {
    PutPayloadMut::new().with_block_size(PIECE_BYTES)
}
