//! Redis goes, forgets, or says nothing: slower, never wrong.

use std::time::Duration;

use tokio::time::sleep;

use crate::load::survive;

#[tokio::test(flavor = "multi_thread")]
async fn redis_is_flushed() {
    survive("Redis is flushed three times", |cluster| async move {
        for _ in 0..3 {
            cluster.redis.flush().unwrap();
            sleep(Duration::from_millis(300)).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_is_restarted() {
    survive("Redis is killed and started again", |cluster| async move {
        cluster.redis.kill().unwrap();
        sleep(Duration::from_secs(2)).await;
        cluster.redis.start_again().unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_is_paused() {
    survive("Redis is paused for 8 s", |cluster| async move {
        cluster.redis.pause().unwrap();
        sleep(Duration::from_secs(8)).await;
        cluster.redis.resume();
    })
    .await;
}
