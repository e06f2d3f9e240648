//! What is deployed, tried without a cloud.

mod front;
mod upstream;

use std::path::PathBuf;

/// The folder of this repository.
#[allow(dead_code)]
fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}
