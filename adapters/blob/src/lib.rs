//! Keeps the artifacts of Stagemark through `object_store`.
//!
//! [`LocalArtifacts`] keeps them in a local folder: an artifact there is whole or absent, also after a crash of the
//! process, the loss of power and a full disk. [`S3Artifacts`] keeps them in a bucket of S3, or of whatever
//! speaks it (feature `s3`, on by default).

mod failure;
mod key;
mod local;
mod parts;
#[cfg(feature = "s3")]
mod s3;
mod staged;
mod staging;
mod taken;
mod upload;

pub use local::{LocalArtifacts, OpenError};
pub use parts::{PARTS_MAX, PartUpload, PartUploads, PartsError, StoredPart};
#[cfg(feature = "s3")]
pub use s3::{PartTerms, S3Artifacts, S3OpenError, S3Options, SignedUrl, UploadTerms};
pub use staged::PartSink;
