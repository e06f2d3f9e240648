//! The port to where artifacts are kept.

use std::{ops::Range, path::Path};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;

/// Keeps artifacts: objects that steps make, named by a key such as `runs/<run>/<step>/out.mp4`.
///
/// The contract, each clause of which is a case of the conformance suite:
/// - An object is whole or absent: what was not [finished](ArtifactSink::finish) is never read, also after a crash.
/// - A finished object is durable, and its bytes come back as they were written.
/// - Writing a key again replaces the whole object at once.
/// - A file that a sink [took](ArtifactSink::take) is nowhere else, and is the object as if its bytes had been written.
/// - Reading or measuring a key that was never finished answers [`Missing`](ArtifactError::Missing) or `None`.
/// - Whoever [opened](Self::open) an object reads ranges of that one, or fails: never of another that replaced it. A file
///   that it was [linked](ArtifactRanges::link) to has the bytes of that one.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use stagemark::{MemoryArtifacts, ports::{ArtifactError, Artifacts}};
///
/// let artifacts = MemoryArtifacts::new();
/// let mut sink = artifacts.write("uploads/1").await?;
/// sink.write("hello".into()).await?;
/// assert_eq!(sink.finish().await?, 5);
/// assert_eq!(artifacts.list("uploads").await?, ["uploads/1"]);
/// assert!(matches!(artifacts.read("uploads/2").await, Err(ArtifactError::Missing { .. })));
/// # Ok(()) }
/// ```
#[async_trait]
pub trait Artifacts: Send + Sync + std::fmt::Debug {
    /// Begins an object; nothing is visible before [`ArtifactSink::finish`].
    async fn write(&self, key: &str) -> Result<Box<dyn ArtifactSink>, ArtifactError>;

    /// The bytes of an object, in order, in parts of a bounded size.
    async fn read(&self, key: &str) -> Result<BoxStream<'static, Result<Bytes, ArtifactError>>, ArtifactError>;

    /// Opens an object that is there, to read ranges of it.
    ///
    /// # Errors
    /// [`Missing`](ArtifactError::Missing) if no object has this key.
    async fn open(&self, key: &str) -> Result<Box<dyn ArtifactRanges>, ArtifactError>;

    /// The size of an object in bytes, or `None` where there is none.
    async fn size_bytes(&self, key: &str) -> Result<Option<u64>, ArtifactError>;

    /// The keys that begin with a folder, in order.
    async fn list(&self, folder: &str) -> Result<Vec<String>, ArtifactError>;

    /// Removes an object; one that is not there is no error.
    async fn delete(&self, key: &str) -> Result<(), ArtifactError>;
}

/// An object being written; dropped before it is finished, it never was.
#[async_trait]
pub trait ArtifactSink: Send {
    /// Adds bytes at the end.
    async fn write(&mut self, bytes: Bytes) -> Result<(), ArtifactError>;

    /// Takes a local file for the whole object, where that costs less than to write its bytes; says whether it did.
    ///
    /// What is taken is no more at its path, whatever becomes of the sink; what is not is as it was, and its bytes are
    /// still to be written. A sink that was written to takes none, and one that has taken a file is not written to.
    async fn take(&mut self, _file: &Path) -> Result<bool, ArtifactError> {
        Ok(false)
    }

    /// Makes the object visible, whole and durable; gives its size in bytes.
    async fn finish(self: Box<Self>) -> Result<u64, ArtifactError>;
}

/// An object that is read range by range; the same one from the first to the last.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use stagemark::{MemoryArtifacts, ports::{ArtifactError, Artifacts}};
///
/// let artifacts = MemoryArtifacts::new();
/// let mut sink = artifacts.write("uploads/1").await?;
/// sink.write("hello".into()).await?;
/// sink.finish().await?;
///
/// let ranges = artifacts.open("uploads/1").await?;
/// assert_eq!(ranges.read(1..3).await?, "el");
/// let beyond = ranges.read(3..ranges.size_bytes() + 1).await;
/// assert!(matches!(beyond, Err(ArtifactError::OutOfRange { size_bytes: 5, .. })));
/// # Ok(()) }
/// ```
#[async_trait]
pub trait ArtifactRanges: Send + Sync {
    /// The size of the object in bytes.
    fn size_bytes(&self) -> u64;

    /// The bytes of a range: all of them, and so all in memory at once. One of no bytes may be anywhere in the object.
    ///
    /// # Errors
    /// [`OutOfRange`](ArtifactError::OutOfRange) if it ends beyond the object, or before it begins;
    /// [`Store`](ArtifactError::Store) if the object was replaced or removed, and its bytes are gone.
    async fn read(&self, range: Range<u64>) -> Result<Bytes, ArtifactError>;

    /// Lets the object be a local file too, at a path where there is none yet, if that costs no copy of its bytes; says
    /// whether it did.
    ///
    /// The file has the object's bytes until it is removed, whatever becomes of the key. Whoever writes to it destroys the
    /// object.
    async fn link(&self, _file: &Path) -> Result<bool, ArtifactError> {
        Ok(false)
    }
}

/// Why an artifact could not be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArtifactError {
    /// No object has this key.
    #[error("there is no artifact {key}")]
    Missing {
        /// The key asked for.
        key: String,
    },
    /// The store has no room left; it can be tried again when there is.
    #[error("the artifact store is full: {key} was not written")]
    Full {
        /// The key being written.
        key: String,
        /// What the store said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The object does not have the bytes that were asked for.
    #[error("the artifact {key} has {size_bytes} bytes, so none can be read from {start} to {end}: ask for fewer")]
    OutOfRange {
        /// The key being read.
        key: String,
        /// Where the range begins, in bytes.
        start: u64,
        /// Where it ends.
        end: u64,
        /// What the object has.
        size_bytes: u64,
    },
    /// The key cannot name an object, for example `../x`.
    #[error("{key} cannot be the key of an artifact")]
    BadKey {
        /// The key given.
        key: String,
    },
    /// What is kept is not what was written.
    #[error("the artifact {key} is corrupt: its bytes are not those that were written; make it again")]
    Corrupt {
        /// The key being written or read.
        key: String,
    },
    /// Another object was finished first, where this one had to be the first of its key.
    #[error("there is an artifact {key} already, and it is not replaced")]
    Exists {
        /// The key being written.
        key: String,
    },
    /// The store did not do what was asked.
    #[error("the artifact store failed at {key}")]
    Store {
        /// The key being written or read.
        key: String,
        /// What the store said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The engine was built without a place for artifacts.
    #[error("no artifact store was given: name one with Engine::builder(..).artifacts(..)")]
    NoStore,
}

impl ArtifactError {
    /// [`OutOfRange`](Self::OutOfRange) unless an object of this size has the range: for adapters, before they read.
    pub fn check_range(key: &str, range: &Range<u64>, size_bytes: u64) -> Result<(), Self> {
        if range.start <= range.end && range.end <= size_bytes {
            return Ok(());
        }
        Err(Self::OutOfRange { key: key.to_owned(), start: range.start, end: range.end, size_bytes })
    }
}
