//! Keeps the artifacts of Stagemark through `object_store`.
//!
//! [`LocalArtifacts`] keeps them in a local folder: an artifact there is whole or absent, also after a crash of the
//! process, the loss of power and a full disk.

mod failure;
mod key;
mod local;
mod staging;
mod upload;

pub use local::{LocalArtifacts, OpenError};
