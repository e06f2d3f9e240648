//! Opening a bucket: whether it is there, and may be used.

use object_store::{Error, ObjectStoreExt, aws::AmazonS3, path::Path};

use super::{Inner, options::S3Options, place::Places, raw::Raw};

/// What the object holds that a store is tried with.
const PROBE: &[u8] = b"stagemark";

/// Why a bucket cannot keep artifacts.
///
/// ```
/// use stagemark_blob::S3OpenError;
///
/// let error = S3OpenError::NoBucket { bucket: "videos".to_owned() };
/// assert_eq!(error.to_string(), "there is no bucket videos; make it, or name another");
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum S3OpenError {
    /// What was asked for cannot be.
    #[error("the settings of the S3 store are wrong: {what}")]
    Settings {
        /// What is wrong.
        what: String,
    },
    /// The store does not know the credentials, or they may not be used for this.
    #[error(
        "the S3 store refuses the credentials for bucket {bucket}; check the key, and that it may read and write there"
    )]
    Denied {
        /// The bucket.
        bucket: String,
        /// What the store said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The bucket is not there.
    #[error("there is no bucket {bucket}; make it, or name another")]
    NoBucket {
        /// The bucket.
        bucket: String,
    },
    /// The store did not answer, or failed.
    #[error("the S3 store with bucket {bucket} did not answer; check its address, and that it runs")]
    Unreachable {
        /// The bucket.
        bucket: String,
        /// What was heard.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

pub(super) async fn open(options: S3Options) -> Result<Inner, S3OpenError> {
    let store = options.client()?;
    let raw = Raw::new(&options, store.credentials().clone())?;
    let places = Places::below(&options.prefix);
    probe(&options.impatient_client()?, &places.probe()).await.map_err(|error| sorted(&options, error))?;
    Ok(Inner { options, store, raw, places })
}

/// Looks at an object; the first who looks puts it there.
async fn probe(store: &AmazonS3, place: &Path) -> Result<(), Error> {
    match store.head(place).await {
        // Who may not list is told that what is missing is forbidden.
        Err(Error::NotFound { .. } | Error::PermissionDenied { .. }) => store.put(place, PROBE.into()).await.map(drop),
        found => found.map(drop),
    }
}

fn sorted(options: &S3Options, error: Error) -> S3OpenError {
    let bucket = options.bucket.clone();
    match error {
        Error::NotFound { .. } => S3OpenError::NoBucket { bucket },
        Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => {
            S3OpenError::Denied { bucket, source: error.into() }
        }
        error => S3OpenError::Unreachable { bucket, source: error.into() },
    }
}
