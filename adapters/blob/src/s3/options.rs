//! What an S3 store is opened with.

use std::{env, fmt, time::Duration};

use object_store::{
    BackoffConfig, ClientOptions, RetryConfig,
    aws::{AmazonS3, AmazonS3Builder, Checksum},
    signer::Url,
};

use super::S3OpenError;

/// The least that S3 takes for a part that is not the last.
const PART_BYTES_MIN: usize = 5 * 1024 * 1024;
/// The most of them that an object may have.
pub(crate) const PARTS_MAX: usize = 10_000;
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// Whoever opens a store wants to hear soon that it is not there.
const OPEN_MAX: Duration = Duration::from_secs(10);
const RETRIES_MAX: usize = 100;

/// Which bucket artifacts are kept in, and how.
///
/// The credentials are those given, else those of the environment and the machine, as AWS's own tools find them
/// (`AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, a web identity, the instance). They are never shown.
///
/// ```
/// use stagemark_blob::S3Options;
///
/// let options = S3Options::new("videos").endpoint("http://127.0.0.1:8333").credentials("me", "hunter2");
/// assert!(!format!("{options:?}").contains("hunter2"));
/// ```
#[derive(Clone)]
#[must_use]
pub struct S3Options {
    pub(crate) bucket: String,
    pub(crate) endpoint: Option<String>,
    public_endpoint: Option<String>,
    region: Option<String>,
    key: Option<(String, String)>,
    pub(crate) prefix: String,
    pub(crate) part_bytes: usize,
    request_max: Duration,
    patience: Duration,
}

impl S3Options {
    /// Keeps artifacts in this bucket of AWS, or of the store at an [`endpoint`](Self::endpoint).
    pub fn new(bucket: impl Into<String>) -> Self {
        Self {
            bucket: bucket.into(),
            endpoint: None,
            public_endpoint: None,
            region: None,
            key: None,
            prefix: String::new(),
            part_bytes: 8 * 1024 * 1024,
            request_max: Duration::from_secs(30),
            patience: Duration::from_mins(2),
        }
    }

    /// What the environment says: `S3_BUCKET` and, for a store that is not AWS, `S3_ENDPOINT`.
    ///
    /// # Errors
    /// [`S3OpenError::Settings`] without `S3_BUCKET`.
    pub fn from_environment() -> Result<Self, S3OpenError> {
        let named = |name| env::var(name).ok().filter(|value: &String| !value.is_empty());
        let missing = || S3OpenError::Settings { what: "S3_BUCKET is not set; it must name the bucket".to_owned() };
        let options = Self::new(named("S3_BUCKET").ok_or_else(missing)?);
        Ok(match named("S3_ENDPOINT") {
            Some(endpoint) => options.endpoint(endpoint),
            None => options,
        })
    }

    /// The URL of a store that is not AWS, without a bucket.
    pub fn endpoint(mut self, url: impl Into<String>) -> Self {
        self.endpoint = Some(url.into());
        self
    }

    /// The URL by which others reach the same store, where that is another one (default: [`endpoint`](Self::endpoint)).
    ///
    /// Signed URLs are for this one: a signature holds for one host.
    pub fn public_endpoint(mut self, url: impl Into<String>) -> Self {
        self.public_endpoint = Some(url.into());
        self
    }

    /// The region (default: `AWS_REGION`, else `us-east-1`).
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.region = Some(region.into());
        self
    }

    /// The id of a key, and the key.
    pub fn credentials(mut self, key_id: impl Into<String>, secret: impl Into<String>) -> Self {
        self.key = Some((key_id.into(), secret.into()));
        self
    }

    /// A folder of the bucket, for several that share it (default: none).
    pub fn prefix(mut self, folder: impl Into<String>) -> Self {
        self.prefix = folder.into();
        self
    }

    /// How large the parts are that objects are written and read in (default 8 MiB, at least 5 MiB).
    ///
    /// Three are in memory for each object at work; an object has at most 10,000 of them.
    pub fn part_bytes(mut self, bytes: usize) -> Self {
        self.part_bytes = bytes.max(PART_BYTES_MIN);
        self
    }

    /// How long one request may take, that is one part (default 30 s).
    pub fn request_timeout(mut self, limit: Duration) -> Self {
        self.request_max = limit;
        self
    }

    /// How long a request is tried again while the store is away or fails (default 2 min).
    pub fn patience(mut self, limit: Duration) -> Self {
        self.patience = limit;
        self
    }

    /// How long a request may take, and how long it is tried again, that `object_store` does not send.
    pub(crate) fn limits(&self) -> (Duration, Duration) {
        (self.request_max, self.patience)
    }

    /// A client for work.
    pub(crate) fn client(&self) -> Result<AmazonS3, S3OpenError> {
        self.patient_for(self.patience)
    }

    /// A client that gives up soon.
    pub(crate) fn impatient_client(&self) -> Result<AmazonS3, S3OpenError> {
        self.patient_for(self.patience.min(OPEN_MAX))
    }

    fn patient_for(&self, patience: Duration) -> Result<AmazonS3, S3OpenError> {
        let client = ClientOptions::new().with_timeout(self.request_max).with_connect_timeout(CONNECT_MAX);
        let backoff =
            BackoffConfig { init_backoff: Duration::from_millis(100), max_backoff: Duration::from_secs(3), base: 2.0 };
        // It counts the tries and the time; the time is what a caller can reckon with.
        let retry = RetryConfig { backoff, max_retries: RETRIES_MAX, retry_timeout: patience };
        let mut builder = AmazonS3Builder::from_env().with_bucket_name(&self.bucket).with_retry(retry);
        let is_plain = match &self.endpoint {
            Some(endpoint) => {
                builder = builder.with_endpoint(endpoint).with_virtual_hosted_style_request(false);
                Self::check(endpoint)?.scheme() == "http"
            }
            None => false,
        };
        if let Some(endpoint) = &self.public_endpoint {
            Self::check(endpoint)?;
        }
        if let Some(region) = &self.region {
            builder = builder.with_region(region);
        }
        if let Some((id, secret)) = &self.key {
            builder = builder.with_access_key_id(id).with_secret_access_key(secret);
        }
        // What a checksum goes with need not be hashed for the signature too, which costs ten times as much.
        let builder = builder.with_checksum_algorithm(Checksum::CRC64NVME).with_unsigned_payload(true);
        let built = builder.with_client_options(client.with_allow_http(is_plain)).build();
        built.map_err(|error| S3OpenError::Settings { what: error.to_string() })
    }

    fn check(endpoint: &str) -> Result<Url, S3OpenError> {
        let wrong = |what: &str| S3OpenError::Settings { what: what.to_owned() };
        let url = Url::parse(endpoint).map_err(|error| wrong(&format!("the endpoint is no URL: {error}")))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong("the endpoint holds credentials; give them by themselves, URLs are shown"));
        }
        if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
            return Err(wrong("the endpoint must begin with http:// or https://"));
        }
        Ok(url)
    }

    /// The region that requests are signed for.
    pub(crate) fn signing_region(&self) -> String {
        let named = |name| env::var(name).ok().filter(|value: &String| !value.is_empty());
        let region = self.region.clone().or_else(|| named("AWS_REGION")).or_else(|| named("AWS_DEFAULT_REGION"));
        region.unwrap_or_else(|| "us-east-1".to_owned())
    }

    /// The URL of the bucket, without a slash at its end.
    pub(crate) fn bucket_url(&self) -> String {
        self.bucket_at(self.endpoint.as_deref())
    }

    /// The URL of the bucket as others reach it.
    pub(crate) fn public_url(&self) -> String {
        self.bucket_at(self.public_endpoint.as_deref().or(self.endpoint.as_deref()))
    }

    fn bucket_at(&self, endpoint: Option<&str>) -> String {
        match endpoint {
            Some(endpoint) => format!("{}/{}", endpoint.trim_end_matches('/'), self.bucket),
            None => format!("https://s3.{}.amazonaws.com/{}", self.signing_region(), self.bucket),
        }
    }
}

impl fmt::Debug for S3Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("S3Options");
        shown.field("bucket", &self.bucket).field("prefix", &self.prefix).field("part_bytes", &self.part_bytes);
        // An endpoint that holds credentials is refused, but it may be shown before.
        let host = self.endpoint.as_deref().and_then(|url| Url::parse(url).ok()?.host_str().map(str::to_owned));
        shown.field("host", &host).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_shows_a_credential() {
        let options = S3Options::new("b").endpoint("http://me:hunter2@host").credentials("id", "hunter2");

        let refused = options.client().unwrap_err();

        assert!(!format!("{options:?} {refused} {refused:?}").contains("hunter2"));
    }

    #[test]
    fn an_endpoint_that_is_none_is_refused() {
        for endpoint in ["", "host:9000", "ftp://host", "http://", "not a url"] {
            let refused = S3Options::new("b").endpoint(endpoint).credentials("id", "key").client();
            assert!(matches!(refused, Err(S3OpenError::Settings { .. })), "{endpoint}");
        }
    }

    #[test]
    fn parts_are_never_smaller_than_the_store_takes() {
        assert_eq!(S3Options::new("b").part_bytes(1).part_bytes, PART_BYTES_MIN);
    }
}
