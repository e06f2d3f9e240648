//! Artifacts in a real S3 store: the contract of the port, what is theirs alone, and faults.

mod collect;
mod faults;
mod killed;
mod memory;
mod opening;
mod part_uploads;
mod parts;
mod proxy;
mod stops;
mod urls;
mod writers;

use bytes::Bytes;
use futures::TryStreamExt;
use stagemark::ports::{ArtifactError, Artifacts};
use stagemark_blob::{S3Artifacts, S3Options};
use stagemark_services::{S3Address, s3_address};

mod contract {
    stagemark_conformance::artifacts_suite!((crate::in_a_folder_of_its_own().await, ()));
}

/// The least size of a part.
const PART_BYTES: usize = 5 * 1024 * 1024;

/// How the store is opened that all tests share; each has a folder of its own.
fn options_of(address: &S3Address) -> S3Options {
    let folder = uuid::Uuid::now_v7().to_string();
    S3Options::new(&address.bucket)
        .endpoint(&address.endpoint)
        .credentials(&address.access_key_id, address.secret_access_key.reveal())
        .prefix(folder)
        .part_bytes(PART_BYTES)
}

async fn shared() -> S3Address {
    tokio::task::spawn_blocking(s3_address).await.unwrap().unwrap()
}

async fn in_a_folder_of_its_own() -> S3Artifacts {
    S3Artifacts::open(options_of(&shared().await)).await.unwrap()
}

/// Bytes that differ from place to place, so that a hole, a half or another order is seen.
fn noise(len: usize) -> Bytes {
    let mut state = 0x9e37_79b9_u32;
    let words = std::iter::repeat_with(move || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_le_bytes()
    });
    words.flatten().take(len).collect::<Vec<u8>>().into()
}

async fn put(artifacts: &(impl Artifacts + ?Sized), key: &str, bytes: Bytes) -> Result<u64, ArtifactError> {
    let mut sink = artifacts.write(key).await?;
    for piece in bytes.chunks(1_000_000) {
        sink.write(bytes.slice_ref(piece)).await?;
    }
    sink.finish().await
}

async fn get(artifacts: &(impl Artifacts + ?Sized), key: &str) -> Result<Vec<u8>, ArtifactError> {
    let pieces: Vec<Bytes> = artifacts.read(key).await?.try_collect().await?;
    Ok(pieces.concat())
}
