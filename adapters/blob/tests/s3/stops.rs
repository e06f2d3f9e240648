//! A store that stops in mid-upload.

use std::time::Duration;

use stagemark::ports::{ArtifactError, Artifacts};
use stagemark_blob::S3Artifacts;
use stagemark_services::S3;
use tokio::task::spawn_blocking;

use crate::{PART_BYTES, get, noise, options_of, put};

async fn private() -> S3 {
    spawn_blocking(S3::temporary).await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_goes_on_when_the_store_is_back() {
    let s3 = private().await;
    let artifacts = S3Artifacts::open(options_of(&s3.access())).await.unwrap();
    let bytes = noise(6 * PART_BYTES);
    let mut sink = artifacts.write("a/b").await.unwrap();
    sink.write(bytes.slice(..2 * PART_BYTES)).await.unwrap();

    let restarting = spawn_blocking(move || s3.restart().map(|()| s3));
    sink.write(bytes.slice(2 * PART_BYTES..)).await.unwrap();
    let _s3 = restarting.await.unwrap().unwrap();
    assert_eq!(sink.finish().await.unwrap(), bytes.len() as u64);

    assert!(get(&artifacts, "a/b").await.unwrap() == bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_to_a_store_that_was_killed_fails_and_the_next_one_succeeds() {
    let s3 = private().await;
    let options = options_of(&s3.access()).patience(Duration::from_secs(2));
    let artifacts = S3Artifacts::open(options).await.unwrap();
    let bytes = noise(4 * PART_BYTES);
    let mut sink = artifacts.write("a/b").await.unwrap();
    sink.write(bytes.slice(..PART_BYTES)).await.unwrap();
    s3.kill().unwrap();

    let failed = match sink.write(bytes.slice(PART_BYTES..)).await {
        Ok(()) => sink.finish().await.map(drop),
        failed => failed,
    };

    assert!(matches!(failed, Err(ArtifactError::Store { .. })), "{failed:?}");
    s3.start_again().unwrap();
    assert!(artifacts.list("").await.unwrap().is_empty());
    put(&artifacts, "a/b", bytes.clone()).await.unwrap();
    assert!(get(&artifacts, "a/b").await.unwrap() == bytes);
    artifacts.abort_stale_uploads(Duration::ZERO).await.unwrap();
    assert_eq!(artifacts.count_uploads().await.unwrap(), 0);
}
