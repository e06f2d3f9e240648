//! Uploads that others make part by part, over hours and restarts if need be.
//!
//! Nobody must hold such an upload open: its key and its id are all that is to be kept of it, and what is stored of it is
//! asked of the store.

use std::time::Duration;

use async_trait::async_trait;
use stagemark::ports::ArtifactError;

/// The most parts that an upload may have, which is what S3 takes.
pub const PARTS_MAX: u32 = 10_000;

/// An upload in parts that was begun: what must be kept to go on with it.
///
/// ```
/// let kept = stagemark_blob::PartUpload { key: "uploads/42.mp4".to_owned(), id: "2~abc".to_owned() };
/// assert_eq!(kept.key, "uploads/42.mp4");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PartUpload {
    /// The key that the object will have.
    pub key: String,
    /// How the store names this upload; it tells nothing and permits nothing by itself.
    pub id: String,
}

/// A part that is stored, whole.
///
/// ```
/// let part = stagemark_blob::StoredPart { number: 1, size_bytes: 8 << 20 };
/// assert_eq!(part.number, 1);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredPart {
    /// Which one, from 1.
    pub number: u32,
    /// Its size.
    pub size_bytes: u64,
}

/// Takes objects part by part: parts come in any order, each may come again, and all of them become an object, or none.
///
/// How a part gets there differs: by a signed URL ([`S3Artifacts::part_url`](crate::S3Artifacts::part_url)), or written here
/// ([`LocalArtifacts::write_part`](crate::LocalArtifacts::write_part)).
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// use stagemark_blob::{LocalArtifacts, PartUploads};
///
/// let artifacts = LocalArtifacts::open(folder.path())?;
/// let upload = artifacts.begin("uploads/hello.txt", "text/plain").await?;
/// for (number, text) in [(2, "lo"), (1, "hel")] {
///     let mut part = artifacts.write_part(&upload, number).await?;
///     part.write(text.as_bytes()).await?;
///     part.finish().await?;
/// }
/// artifacts.complete(&upload, &[3, 2]).await?;
/// assert_eq!(std::fs::read(artifacts.path_of("uploads/hello.txt")?)?, b"hello");
/// # Ok(()) }
/// ```
#[async_trait]
pub trait PartUploads: Send + Sync {
    /// Begins an upload; nothing is visible before it is [completed](Self::complete).
    async fn begin(&self, key: &str, content_type: &str) -> Result<PartUpload, PartsError>;

    /// The parts that are stored, by their numbers.
    ///
    /// # Errors
    /// [`NotOpen`](PartsError::NotOpen) if the upload was completed or aborted.
    async fn stored(&self, upload: &PartUpload) -> Result<Vec<StoredPart>, PartsError>;

    /// Makes the object of the parts 1, 2, ..., which must be stored with exactly these sizes; gives the object's size.
    ///
    /// Once it is done, doing it again says the same.
    ///
    /// # Errors
    /// [`Incomplete`](PartsError::Incomplete), and the upload stays open; [`NotOpen`](PartsError::NotOpen) if it was
    /// aborted.
    async fn complete(&self, upload: &PartUpload, sizes_bytes: &[u64]) -> Result<u64, PartsError>;

    /// Gives an upload up and removes its parts; one that is not open any more is no error.
    async fn abort(&self, upload: &PartUpload) -> Result<(), PartsError>;

    /// Aborts what was begun longer ago than this and not completed; gives how many there were.
    async fn abort_stale(&self, older_than: Duration) -> Result<usize, PartsError>;
}

/// Why an upload in parts did not go on.
///
/// ```
/// let error = stagemark_blob::PartsError::Incomplete { key: "uploads/1".to_owned(), numbers: vec![2, 5] };
/// assert_eq!(error.to_string(), "the upload of uploads/1 is not complete: parts [2, 5] must be sent, or sent again");
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PartsError {
    /// There is no such upload: it was completed, given up, or never begun.
    #[error("no upload of {key} is open under this id; begin it again")]
    NotOpen {
        /// The key of the object.
        key: String,
    },
    /// Some parts are missing, of another size, or too many.
    #[error("the upload of {key} is not complete: parts {numbers:?} must be sent, or sent again")]
    Incomplete {
        /// The key of the object.
        key: String,
        /// The parts at fault.
        numbers: Vec<u32>,
    },
    /// No upload can have such a part.
    #[error("an upload has parts from 1 to {PARTS_MAX}, not {number}")]
    BadNumber {
        /// The number asked for.
        number: u32,
    },
    /// The store failed, or the key is none.
    #[error(transparent)]
    Artifacts(#[from] ArtifactError),
}

impl PartsError {
    #[cfg(feature = "s3")]
    pub(crate) fn store(key: &str, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Artifacts(ArtifactError::Store { key: key.to_owned(), source: source.into() })
    }

    pub(crate) fn not_open(upload: &PartUpload) -> Self {
        Self::NotOpen { key: upload.key.clone() }
    }
}

/// Whether a part may have this number.
pub(crate) fn check_number(number: u32) -> Result<(), PartsError> {
    if (1..=PARTS_MAX).contains(&number) { Ok(()) } else { Err(PartsError::BadNumber { number }) }
}

/// Whether what is stored is what was agreed.
pub(crate) fn check_parts(upload: &PartUpload, stored: &[StoredPart], sizes_bytes: &[u64]) -> Result<(), PartsError> {
    let agreed = || (1..).zip(sizes_bytes).map(|(number, &size_bytes)| StoredPart { number, size_bytes });
    let missing = agreed().filter(|part| !stored.contains(part)).map(|part| part.number);
    let surplus = stored.iter().map(|part| part.number).filter(|&number| number as usize > sizes_bytes.len());
    let numbers: Vec<u32> = missing.chain(surplus).collect();
    if numbers.is_empty() && !sizes_bytes.is_empty() {
        return Ok(());
    }
    Err(PartsError::Incomplete { key: upload.key.clone(), numbers })
}
