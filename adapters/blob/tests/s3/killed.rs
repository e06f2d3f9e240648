//! A process that is killed while it uploads.

use std::{
    env,
    io::{BufRead, BufReader},
    process::{Command, Stdio},
    time::Duration,
};

use stagemark::ports::Artifacts;
use stagemark_blob::{S3Artifacts, S3Options};

use crate::{PART_BYTES, noise, options_of, shared};

/// Set, it names the folder of the bucket that an uploader uploads to.
const FOLDER: &str = "STAGEMARK_S3_UPLOADER";

/// Uploads some parts and waits to be killed. Without an order, there is none to follow.
#[tokio::test]
async fn an_uploader_does_what_it_is_told() {
    let Ok(folder) = env::var(FOLDER) else { return };
    let options = options_of(&shared().await).prefix(folder);
    let artifacts = S3Artifacts::open(options).await.unwrap();
    let mut sink = artifacts.write("a/b").await.unwrap();
    sink.write(noise(4 * PART_BYTES)).await.unwrap();
    println!("\nuploading");
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn a_killed_uploader_leaves_nothing_that_is_seen_and_what_is_left_can_be_removed() {
    let address = shared().await;
    let folder = uuid::Uuid::now_v7().to_string();
    let options: S3Options = options_of(&address).prefix(&folder);
    let artifacts = S3Artifacts::open(options).await.unwrap();
    let mut uploader = Command::new(env::current_exe().unwrap());
    uploader.args(["--exact", "killed::an_uploader_does_what_it_is_told", "--nocapture"]).env(FOLDER, folder);
    uploader.env("S3_ENDPOINT", &address.endpoint).env("S3_BUCKET", &address.bucket);
    uploader.env("AWS_ACCESS_KEY_ID", &address.access_key_id);
    uploader.env("AWS_SECRET_ACCESS_KEY", address.secret_access_key.reveal());
    let mut uploader = uploader.stdout(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(uploader.stdout.take().unwrap()).lines().map_while(Result::ok);
    assert!(said.any(|line| line == "uploading"));

    uploader.kill().unwrap();
    uploader.wait().unwrap();

    assert!(artifacts.list("").await.unwrap().is_empty());
    assert_eq!(artifacts.count_uploads().await.unwrap(), 1);
    assert_eq!(artifacts.abort_stale_uploads(Duration::from_hours(1)).await.unwrap(), 0, "it is not stale yet");
    assert_eq!(artifacts.abort_stale_uploads(Duration::ZERO).await.unwrap(), 1);
    assert_eq!(artifacts.count_uploads().await.unwrap(), 0);
}
