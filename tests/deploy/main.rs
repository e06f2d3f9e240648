//! What is deployed, tried without a cloud.

mod accounts;
mod backup;
mod deployment;
mod front;
mod images;
mod layout;
mod units;
mod upstream;

use std::path::PathBuf;

/// The folder of this repository.
fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}
