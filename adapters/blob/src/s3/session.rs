//! An upload in parts: each goes up by itself, two at a time, and all of them become an object, or none.

use std::sync::Arc;

use object_store::{
    Attribute, Attributes, PutMultipartOptions, PutPayload,
    multipart::{MultipartStore, PartId},
    path::Path,
};
use serde::{Deserialize, Serialize};
use stagemark::ports::ArtifactError;
use tokio::task::JoinSet;

use super::{Inner, Mode, options::PARTS_MAX, sigv4::Request, upload::WRITER};
use crate::failure::explain_s3;

/// How many parts go up at a time, beside the one that is being filled.
const IN_FLIGHT_MAX: usize = 2;

/// A part that went up.
type Sent = (usize, PartId);

pub(super) struct Session {
    inner: Arc<Inner>,
    key: String,
    place: Path,
    id: String,
    going: JoinSet<Result<Sent, ArtifactError>>,
    sent: Vec<Sent>,
    begun: usize,
    is_over: bool,
}

impl Session {
    pub(super) async fn begin(
        inner: &Arc<Inner>,
        key: &str,
        place: &Path,
        writer: &str,
    ) -> Result<Self, ArtifactError> {
        let attributes: Attributes = [(Attribute::Metadata(WRITER.into()), writer.to_owned())].into_iter().collect();
        let options = PutMultipartOptions { attributes, ..PutMultipartOptions::default() };
        let id = inner.store.create_multipart_opts(place, options).await.map_err(|error| explain_s3(key, error))?;
        let (inner, key, place) = (Arc::clone(inner), key.to_owned(), place.clone());
        Ok(Self { inner, key, place, id, going: JoinSet::new(), sent: Vec::new(), begun: 0, is_over: false })
    }

    /// Sends a part, as soon as there is room among those under way.
    pub(super) async fn send(&mut self, payload: PutPayload) -> Result<(), ArtifactError> {
        if self.begun == PARTS_MAX {
            let why = format!("it has more than {PARTS_MAX} parts; open the store with larger ones");
            return Err(ArtifactError::Store { key: self.key.clone(), source: why.into() });
        }
        while self.going.len() >= IN_FLIGHT_MAX {
            self.join_one().await?;
        }
        let (inner, key, place, id) = (Arc::clone(&self.inner), self.key.clone(), self.place.clone(), self.id.clone());
        let number = self.begun;
        self.begun += 1;
        self.going.spawn(async move {
            let part = inner.store.put_part(&place, &id, number, payload).await;
            let part = part.map_err(|error| explain_s3(&key, error))?;
            Ok((number, part))
        });
        Ok(())
    }

    async fn join_one(&mut self) -> Result<(), ArtifactError> {
        if let Some(joined) = self.going.join_next().await {
            let failed =
                |error: tokio::task::JoinError| ArtifactError::Store { key: self.key.clone(), source: error.into() };
            self.sent.push(joined.map_err(failed)??);
        }
        Ok(())
    }

    /// Makes the object of all parts.
    pub(super) async fn complete(&mut self, mode: Mode) -> Result<(), ArtifactError> {
        while !self.going.is_empty() {
            self.join_one().await?;
        }
        let mut sent = std::mem::take(&mut self.sent);
        sent.sort_unstable_by_key(|(number, _)| *number);
        let parts: Vec<PartId> = sent.into_iter().map(|(_, part)| part).collect();
        let done = match mode {
            Mode::Replace => {
                let done = self.inner.store.complete_multipart(&self.place, &self.id, parts).await;
                done.map(drop).map_err(|error| explain_s3(&self.key, error))
            }
            Mode::Create => self.complete_new(&parts).await,
        };
        self.is_over = done.is_ok();
        done
    }

    /// The same, on condition that there is no object; `object_store` has no words for it.
    async fn complete_new(&self, parts: &[PartId]) -> Result<(), ArtifactError> {
        let failed = |source| ArtifactError::Store { key: self.key.clone(), source };
        let part = (1..).zip(parts).map(|(number, part)| Part::of(number, part)).collect::<Result<_, _>>();
        let part = part.map_err(|error| failed(error.into()))?;
        let body = quick_xml::se::to_string(&Parts { part }).map_err(|error| failed(error.into()))?;
        let query = vec![("uploadId", self.id.clone())];
        let headers = vec![("if-none-match", "*".to_owned())];
        let request = Request { method: "POST", bucket: "", object: self.place.as_ref(), query, headers };
        let answer = self.inner.raw.send(&request, &body).await.map_err(failed)?;
        // It conflicts with another that is being finished in this moment.
        if matches!(answer.status.as_u16(), 409 | 412) {
            return Err(ArtifactError::Exists { key: self.key.clone() });
        }
        answer.granted().map(drop).map_err(failed)
    }

    /// It has come to an end in another way.
    pub(super) fn is_over(&mut self) {
        self.is_over = true;
    }

    /// Removes what went up.
    pub(super) async fn abort(&mut self) {
        self.going.shutdown().await;
        self.is_over = true;
        abort(&self.inner, &self.key, &self.place, &self.id).await;
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        // Without a runtime the process is ending; what is left is found by its age.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let (inner, key, place, id) = (Arc::clone(&self.inner), self.key.clone(), self.place.clone(), self.id.clone());
        let mut going = std::mem::take(&mut self.going);
        runtime.spawn(async move {
            going.shutdown().await;
            abort(&inner, &key, &place, &id).await;
        });
    }
}

async fn abort(inner: &Inner, key: &str, place: &Path, id: &String) {
    match inner.store.abort_multipart(place, id).await {
        Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
        Err(error) => {
            tracing::warn!(key, %error, "an upload that was given up is left; abort_stale_uploads removes it");
        }
    }
}

#[derive(Serialize)]
#[serde(rename = "CompleteMultipartUpload")]
struct Parts {
    #[serde(rename = "Part")]
    part: Vec<Part>,
}

#[derive(Serialize)]
struct Part {
    #[serde(rename = "PartNumber")]
    number: usize,
    #[serde(rename = "ETag")]
    tag: String,
    #[serde(rename = "ChecksumCRC64NVME", skip_serializing_if = "Option::is_none")]
    checksum: Option<String>,
}

/// What `object_store` keeps of a part that has a checksum.
#[derive(Deserialize)]
struct Kept {
    e_tag: String,
    checksum_crc64nvme: Option<String>,
}

impl Part {
    fn of(number: usize, part: &PartId) -> Result<Self, quick_xml::DeError> {
        let kept: Kept = quick_xml::de::from_str(&part.content_id)?;
        Ok(Self { number, tag: kept.e_tag, checksum: kept.checksum_crc64nvme })
    }
}
