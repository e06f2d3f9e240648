//! Uploads in parts that were neither finished nor given up: those of processes that died.

use std::time::Duration;

use chrono::{DateTime, Utc};
use object_store::{multipart::MultipartStore, path::Path};
use serde::Deserialize;
use stagemark::ports::ArtifactError;

use super::{S3Artifacts, sigv4::Request};
use crate::failure::explain_s3;

/// A page of the list.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Page {
    #[serde(default)]
    upload: Vec<Begun>,
    #[serde(default)]
    is_truncated: bool,
    #[serde(default)]
    next_key_marker: String,
    #[serde(default)]
    next_upload_id_marker: String,
}

/// An upload that was begun.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Begun {
    key: String,
    upload_id: String,
    initiated: DateTime<Utc>,
}

impl S3Artifacts {
    /// Removes what uploads left that were begun longer ago than this and not finished; gives how many there were.
    ///
    /// Choose longer than any upload takes: one that is still going would fail. A bucket's lifecycle policy does the
    /// same by itself, see `deploy/s3-lifecycle.json`.
    ///
    /// # Errors
    /// [`ArtifactError::Store`] if the store did not list or remove them.
    pub async fn abort_stale_uploads(&self, older_than: Duration) -> Result<usize, ArtifactError> {
        let before = chrono::TimeDelta::from_std(older_than).ok().and_then(|age| Utc::now().checked_sub_signed(age));
        let Some(before) = before else { return Ok(0) };
        let (mut key, mut id, mut aborted) = (String::new(), String::new(), 0);
        loop {
            let page = self.uploads_after(key, id).await?;
            for begun in page.upload.iter().filter(|begun| begun.initiated <= before) {
                aborted += usize::from(self.abort(begun).await?);
            }
            if !page.is_truncated {
                return Ok(aborted);
            }
            (key, id) = (page.next_key_marker, page.next_upload_id_marker);
        }
    }

    /// How many uploads in parts are neither finished nor given up, those that are going included.
    ///
    /// # Errors
    /// [`ArtifactError::Store`] if the store did not list them.
    pub async fn count_uploads(&self) -> Result<usize, ArtifactError> {
        let mut count = 0;
        let mut after = (String::new(), String::new());
        loop {
            let page = self.uploads_after(after.0, after.1).await?;
            count += page.upload.len();
            if !page.is_truncated {
                return Ok(count);
            }
            after = (page.next_key_marker, page.next_upload_id_marker);
        }
    }

    /// Whether it was there to be removed: another may have been faster.
    async fn abort(&self, begun: &Begun) -> Result<bool, ArtifactError> {
        let place = Path::parse(&begun.key).map_err(|error| explain_s3(&begun.key, error.into()))?;
        match self.inner.store.abort_multipart(&place, &begun.upload_id).await {
            Ok(()) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(explain_s3(&begun.key, error)),
        }
    }

    async fn uploads_after(&self, key: String, id: String) -> Result<Page, ArtifactError> {
        let prefix = self.inner.places.all();
        let mut query = vec![("uploads", String::new()), ("prefix", prefix.clone())];
        if !key.is_empty() {
            query.extend([("key-marker", key), ("upload-id-marker", id)]);
        }
        let request = Request { method: "GET", bucket: "", object: "", query, headers: Vec::new() };
        let failed = |source| ArtifactError::Store { key: prefix.clone(), source };
        let text = self.inner.raw.send(&request, "").await.and_then(super::raw::Answer::granted).map_err(failed)?;
        let mut page: Page = quick_xml::de::from_str(&text).map_err(|error| failed(error.into()))?;
        // Not every store that speaks S3 knows prefixes here.
        page.upload.retain(|begun| begun.key.starts_with(&prefix));
        Ok(page)
    }
}
