//! URLs that let others put and get an object without credentials, for a while.

use std::{fmt, time::Duration};

use stagemark::ports::ArtifactError;

use super::{S3Artifacts, sigv4::Request};

/// The longest that a signature may hold.
const VALID_MAX: Duration = Duration::from_hours(7 * 24);

/// A URL that is a right by itself: whoever has it may do what it says. So it shows itself only when asked.
///
/// ```no_run
/// # async fn of(artifacts: stagemark_blob::S3Artifacts) -> Result<(), Box<dyn std::error::Error>> {
/// let url = artifacts.download_url("uploads/42.mp4", std::time::Duration::from_mins(10)).await?;
/// println!("<video src=\"{}\">", url.reveal());
/// # Ok(()) }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct SignedUrl {
    pub(super) url: String,
    pub(super) headers: Vec<(&'static str, String)>,
}

impl SignedUrl {
    /// The URL itself.
    pub fn reveal(&self) -> &str {
        &self.url
    }

    /// The headers that must be sent with it, as they are.
    pub fn headers(&self) -> &[(&'static str, String)] {
        &self.headers
    }
}

impl fmt::Debug for SignedUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.url.split('?').next().unwrap_or_default();
        f.debug_struct("SignedUrl").field("url", &format_args!("{shown}?..")).field("headers", &self.headers).finish()
    }
}

/// What may be put by a signed URL: nothing longer, shorter or of another type.
///
/// ```
/// use std::time::Duration;
///
/// use stagemark_blob::UploadTerms;
///
/// let terms = UploadTerms { size_bytes: 12_345, content_type: "video/mp4".to_owned(), valid: Duration::from_mins(10) };
/// assert_eq!(terms.content_type, "video/mp4");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadTerms {
    /// The size of the object.
    pub size_bytes: u64,
    /// Its media type.
    pub content_type: String,
    /// For how long the URL may be used, at most seven days.
    pub valid: Duration,
}

impl S3Artifacts {
    /// A URL by which an object can be put, once: it never replaces one that is there.
    ///
    /// The method is PUT, and [`SignedUrl::headers`] must be sent with it; the store refuses other ones.
    ///
    /// # Errors
    /// [`ArtifactError::BadKey`] if no object can have this key; [`ArtifactError::Store`] if the credentials cannot be
    /// had, or the terms cannot be signed.
    pub async fn upload_url(&self, key: &str, terms: &UploadTerms) -> Result<SignedUrl, ArtifactError> {
        let headers = vec![
            ("content-length", terms.size_bytes.to_string()),
            ("content-type", terms.content_type.clone()),
            ("if-none-match", "*".to_owned()),
        ];
        if terms.content_type.chars().any(|c| !matches!(c, ' '..='~')) {
            let source = "its content type must be plain ASCII".into();
            return Err(ArtifactError::Store { key: key.to_owned(), source });
        }
        let place = self.inner.places.of(key)?;
        let request =
            Request { method: "PUT", bucket: "", object: place.as_ref(), query: vec![], headers: headers.clone() };
        Ok(SignedUrl { url: self.sign(key, request, terms.valid).await?, headers })
    }

    /// A URL by which an object can be got, for at most seven days.
    ///
    /// # Errors
    /// As [`upload_url`](Self::upload_url).
    pub async fn download_url(&self, key: &str, valid: Duration) -> Result<SignedUrl, ArtifactError> {
        let place = self.inner.places.of(key)?;
        let request = Request { method: "GET", bucket: "", object: place.as_ref(), query: vec![], headers: vec![] };
        Ok(SignedUrl { url: self.sign(key, request, valid).await?, headers: vec![] })
    }

    /// The same, and the object is shown in place as what this says, whatever it was put as.
    ///
    /// # Errors
    /// As [`upload_url`](Self::upload_url).
    pub async fn view_url(&self, key: &str, content_type: &str, valid: Duration) -> Result<SignedUrl, ArtifactError> {
        let place = self.inner.places.of(key)?;
        let shown = [("response-content-type", content_type), ("response-content-disposition", "inline")];
        let query = shown.map(|(name, value)| (name, value.to_owned())).to_vec();
        let request = Request { method: "GET", bucket: "", object: place.as_ref(), query, headers: vec![] };
        Ok(SignedUrl { url: self.sign(key, request, valid).await?, headers: vec![] })
    }

    /// The URL of a request that others will make of an object.
    pub(super) async fn sign(&self, key: &str, request: Request<'_>, valid: Duration) -> Result<String, ArtifactError> {
        let url = self.inner.raw.url(request, valid.min(VALID_MAX)).await;
        url.map_err(|source| ArtifactError::Store { key: key.to_owned(), source })
    }
}
