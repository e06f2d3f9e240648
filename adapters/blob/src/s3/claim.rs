//! Who may finish the first object of a key.
//!
//! Not every store that speaks S3 compares and joins parts in one go: of two uploads that are finished in one moment, both
//! may be told that they were the first. A small object on condition is decided by all; so who finishes one first puts
//! a claim, and removes it afterwards, when the object itself keeps others away.

use std::time::Duration;

use chrono::Utc;
use object_store::{
    Attribute, Attributes, Error, GetOptions, ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutOptions,
    UpdateVersion, path::Path,
};
use stagemark::ports::ArtifactError;

use super::{Inner, upload::WRITER};
use crate::failure::explain_s3;

/// After so long a claim is of a process that died; far more than finishing takes and clocks differ.
const STALE: Duration = Duration::from_hours(1);
/// How often a claim is tried that is removed while it is looked at.
const TRIES: u32 = 3;

/// The right to finish the first object of a key.
pub(super) struct Claim<'a> {
    inner: &'a Inner,
    key: &'a str,
    place: Path,
}

/// A claim that somebody has.
struct Held {
    holder: Option<String>,
    meta: ObjectMeta,
}

impl<'a> Claim<'a> {
    /// Takes the claim of a key.
    pub(super) async fn take(inner: &'a Inner, key: &'a str, writer: &str) -> Result<Self, ArtifactError> {
        let claim = Self { inner, key, place: inner.places.claim(key)? };
        for _ in 0..TRIES {
            match claim.put(writer, PutMode::Create).await {
                Ok(()) => return Ok(claim),
                Err(Error::AlreadyExists { .. }) => {}
                Err(error) => return Err(explain_s3(key, error)),
            }
            if let Some(held) = claim.held().await? {
                return if claim.passes(&held, writer).await? { Ok(claim) } else { Err(exists(key)) };
            }
        }
        Err(exists(key))
    }

    async fn put(&self, writer: &str, mode: PutMode) -> Result<(), Error> {
        let attributes: Attributes = [(Attribute::Metadata(WRITER.into()), writer.to_owned())].into_iter().collect();
        let options = PutOptions { mode, attributes, ..PutOptions::default() };
        self.inner.store.put_opts(&self.place, writer.to_owned().into(), options).await.map(drop)
    }

    async fn held(&self) -> Result<Option<Held>, ArtifactError> {
        let found = self.inner.store.get_opts(&self.place, GetOptions { head: true, ..GetOptions::default() }).await;
        match found {
            Ok(held) => {
                let holder = held.attributes.get(&Attribute::Metadata(WRITER.into()));
                Ok(Some(Held { holder: holder.map(|holder| holder.as_ref().to_owned()), meta: held.meta }))
            }
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(explain_s3(self.key, error)),
        }
    }

    /// Whether a claim that is held is this writer's, whose answer was lost, or becomes so, because its holder died.
    async fn passes(&self, held: &Held, writer: &str) -> Result<bool, ArtifactError> {
        if held.holder.as_deref() == Some(writer) {
            return Ok(true);
        }
        if (Utc::now() - held.meta.last_modified).to_std().is_ok_and(|age| age < STALE) {
            return Ok(false);
        }
        let version = UpdateVersion { e_tag: held.meta.e_tag.clone(), version: None };
        match self.put(writer, PutMode::Update(version)).await {
            Ok(()) => Ok(true),
            Err(Error::Precondition { .. } | Error::NotFound { .. } | Error::AlreadyExists { .. }) => Ok(false),
            Err(error) => Err(explain_s3(self.key, error)),
        }
    }

    /// Removes it; the next one finds the object, or may be the first.
    pub(super) async fn release(self) {
        if let Err(error) = self.inner.store.delete(&self.place).await {
            tracing::warn!(key = self.key, %error, "a claim was not removed; it holds the key for an hour");
        }
    }
}

fn exists(key: &str) -> ArtifactError {
    ArtifactError::Exists { key: key.to_owned() }
}
