//! Uploads in parts into a bucket: others put the parts by signed URLs, and here they are counted and joined.

use std::time::Duration;

use async_trait::async_trait;
use reqwest::StatusCode;
use serde::{Deserialize, Serialize};
use stagemark::ports::Artifacts;

use super::{
    S3Artifacts, SignedUrl,
    raw::{Answer, Fault},
    sigv4::Request,
};
use crate::{
    PartUpload, PartUploads, PartsError, StoredPart,
    parts::{check_number, check_parts},
};

/// What may be put by the URL of a part: nothing longer or shorter.
///
/// ```
/// let terms = stagemark_blob::PartTerms { number: 1, size_bytes: 8 << 20, valid: std::time::Duration::from_hours(1) };
/// assert_eq!(terms.number, 1);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartTerms {
    /// Which part, from 1.
    pub number: u32,
    /// Its size; all but the last must have at least 5 MiB.
    pub size_bytes: u64,
    /// For how long the URL may be used, at most seven days.
    pub valid: Duration,
}

impl S3Artifacts {
    /// A URL by which a part can be put, again if need be, until the upload is completed or aborted.
    ///
    /// The method is PUT, and [`SignedUrl::headers`] must be sent with it; the store refuses other lengths.
    ///
    /// # Errors
    /// [`PartsError::BadNumber`]; [`PartsError::Artifacts`] if the credentials cannot be had.
    pub async fn part_url(&self, upload: &PartUpload, terms: PartTerms) -> Result<SignedUrl, PartsError> {
        check_number(terms.number)?;
        let place = self.inner.places.of(&upload.key)?;
        let headers = vec![("content-length", terms.size_bytes.to_string())];
        let query = vec![("partNumber", terms.number.to_string()), ("uploadId", upload.id.clone())];
        let request = Request { method: "PUT", bucket: "", object: place.as_ref(), query, headers: headers.clone() };
        Ok(SignedUrl { url: self.sign(&upload.key, request, terms.valid).await?, headers })
    }

    async fn ask(&self, ask: Ask<'_>) -> Result<Answer, PartsError> {
        let Ask { method, key, query, headers, body } = ask;
        let place = self.inner.places.of(key)?;
        let request = Request { method, bucket: "", object: place.as_ref(), query, headers };
        self.inner.raw.send(&request, body).await.map_err(|error| PartsError::store(key, error))
    }

    /// The parts of an upload as the store tells them, page by page.
    async fn parts(&self, upload: &PartUpload) -> Result<Vec<Part>, PartsError> {
        let (mut parts, mut after) = (Vec::new(), 0);
        loop {
            let query = vec![("uploadId", upload.id.clone()), ("part-number-marker", after.to_string())];
            let answer = self.ask(Ask::of("GET", &upload.key, query)).await?;
            let page: Page = read(upload, answer)?;
            parts.extend(page.part);
            if !page.is_truncated || page.next_part_number_marker <= after {
                parts.sort_unstable_by_key(|part: &Part| part.number);
                return Ok(parts);
            }
            after = page.next_part_number_marker;
        }
    }

    async fn join(&self, upload: &PartUpload, sizes_bytes: &[u64]) -> Result<(), PartsError> {
        let parts = self.parts(upload).await?;
        let stored: Vec<_> = parts.iter().map(Part::stored).collect();
        check_parts(upload, &stored, sizes_bytes)?;
        let part = parts.into_iter().map(|part| Named { number: part.number, tag: part.tag }).collect();
        let body = quick_xml::se::to_string(&Joined { part }).map_err(|error| PartsError::store(&upload.key, error))?;
        let query = vec![("uploadId", upload.id.clone())];
        let answer = self.ask(Ask { body: &body, ..Ask::of("POST", &upload.key, query) }).await?;
        granted(upload, answer).map(drop)
    }
}

#[async_trait]
impl PartUploads for S3Artifacts {
    async fn begin(&self, key: &str, content_type: &str) -> Result<PartUpload, PartsError> {
        if content_type.chars().any(|c| !matches!(c, ' '..='~')) {
            return Err(PartsError::store(key, "its content type must be plain ASCII"));
        }
        // No checksum is agreed upon: those who put the parts would have to reckon it.
        let headers = vec![("content-type", content_type.to_owned())];
        let answer = self.ask(Ask { headers, ..Ask::of("POST", key, vec![("uploads", String::new())]) }).await?;
        let text = answer.granted().map_err(|error| PartsError::store(key, error))?;
        let begun: Begun = quick_xml::de::from_str(&text).map_err(|error| PartsError::store(key, error))?;
        Ok(PartUpload { key: key.to_owned(), id: begun.upload_id })
    }

    async fn stored(&self, upload: &PartUpload) -> Result<Vec<StoredPart>, PartsError> {
        Ok(self.parts(upload).await?.iter().map(Part::stored).collect())
    }

    async fn complete(&self, upload: &PartUpload, sizes_bytes: &[u64]) -> Result<u64, PartsError> {
        let agreed: u64 = sizes_bytes.iter().sum();
        match self.join(upload, sizes_bytes).await {
            // Another may have been faster, or the answer to an earlier one was lost.
            Err(PartsError::NotOpen { .. }) => {}
            joined => joined?,
        }
        let found = self.size_bytes(&upload.key).await?.filter(|size_bytes| *size_bytes == agreed);
        found.ok_or_else(|| PartsError::not_open(upload))
    }

    async fn abort(&self, upload: &PartUpload) -> Result<(), PartsError> {
        let answer = self.ask(Ask::of("DELETE", &upload.key, vec![("uploadId", upload.id.clone())])).await?;
        match granted(upload, answer) {
            Err(PartsError::NotOpen { .. }) => Ok(()),
            aborted => aborted.map(drop),
        }
    }

    async fn abort_stale(&self, older_than: Duration) -> Result<usize, PartsError> {
        Ok(self.abort_stale_uploads(older_than).await?)
    }
}

/// What is asked of the store about an object.
struct Ask<'a> {
    method: &'a str,
    key: &'a str,
    query: Vec<(&'a str, String)>,
    headers: Vec<(&'a str, String)>,
    body: &'a str,
}

impl<'a> Ask<'a> {
    fn of(method: &'a str, key: &'a str, query: Vec<(&'a str, String)>) -> Self {
        Self { method, key, query, headers: Vec::new(), body: "" }
    }
}

/// The text of an answer that is a yes; a no may be that the upload is not open.
fn granted(upload: &PartUpload, answer: Answer) -> Result<String, PartsError> {
    if answer.status == StatusCode::NOT_FOUND {
        return Err(PartsError::not_open(upload));
    }
    let is_changed = answer.text.contains("<Code>InvalidPart</Code>");
    answer.granted().map_err(|error: Fault| {
        if is_changed {
            // One came again after they were listed.
            return PartsError::Incomplete { key: upload.key.clone(), numbers: Vec::new() };
        }
        PartsError::store(&upload.key, error)
    })
}

fn read(upload: &PartUpload, answer: Answer) -> Result<Page, PartsError> {
    let text = granted(upload, answer)?;
    quick_xml::de::from_str(&text).map_err(|error| PartsError::store(&upload.key, error))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Begun {
    upload_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Page {
    #[serde(default)]
    part: Vec<Part>,
    #[serde(default)]
    is_truncated: bool,
    #[serde(default)]
    next_part_number_marker: u32,
}

#[derive(Deserialize)]
struct Part {
    #[serde(rename = "PartNumber")]
    number: u32,
    #[serde(rename = "ETag")]
    tag: String,
    #[serde(rename = "Size")]
    size_bytes: u64,
}

impl Part {
    fn stored(&self) -> StoredPart {
        StoredPart { number: self.number, size_bytes: self.size_bytes }
    }
}

#[derive(Serialize)]
#[serde(rename = "CompleteMultipartUpload")]
struct Joined {
    #[serde(rename = "Part")]
    part: Vec<Named>,
}

#[derive(Serialize)]
struct Named {
    #[serde(rename = "PartNumber")]
    number: u32,
    #[serde(rename = "ETag")]
    tag: String,
}
