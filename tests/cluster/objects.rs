//! The S3 store goes in the middle of uploads.

use std::time::Duration;

use tokio::{task::spawn_blocking, time::sleep};

use crate::load::survive;

#[tokio::test(flavor = "multi_thread")]
async fn the_store_is_restarted_in_the_middle_of_uploads() {
    survive("the S3 store is killed and started again", |cluster| async move {
        spawn_blocking(move || {
            cluster.s3.kill().unwrap();
            cluster.s3.start_again().unwrap();
        })
        .await
        .unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_store_says_nothing() {
    survive("the S3 store is paused for 8 s", |cluster| async move {
        cluster.s3.pause().unwrap();
        sleep(Duration::from_secs(8)).await;
        cluster.s3.resume();
    })
    .await;
}
