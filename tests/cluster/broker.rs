//! `RabbitMQ` goes, loses what it had, or says nothing.

use std::time::Duration;

use tokio::time::sleep;

use crate::load::survive;

#[tokio::test(flavor = "multi_thread")]
async fn the_broker_is_restarted() {
    survive("the broker is restarted", |cluster| async move {
        tokio::task::spawn_blocking(move || cluster.rabbitmq.restart()).await.unwrap().unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_broker_loses_its_data() {
    survive("the broker loses its data", |cluster| async move {
        tokio::task::spawn_blocking(move || cluster.rabbitmq.wipe()).await.unwrap().unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_broker_is_paused_for_longer_than_its_heartbeat() {
    survive("the broker is paused for 15 s", |cluster| async move {
        cluster.rabbitmq.pause().unwrap();
        sleep(Duration::from_secs(15)).await;
        cluster.rabbitmq.resume();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_is_deleted_by_hand() {
    survive("a queue is deleted by hand", |cluster| async move {
        let delete = move || cluster.rabbitmq.ctl(&["delete_queue", "stagemark.default"]);
        tokio::task::spawn_blocking(delete).await.unwrap().unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_broker_runs_out_of_memory() {
    survive("the broker blocks publishers for 10 s", |cluster| async move {
        let block = move |limit: &'static str| {
            let cluster = cluster.clone();
            tokio::task::spawn_blocking(move || {
                cluster.rabbitmq.ctl(&["set_vm_memory_high_watermark", limit]).map(drop)
            })
        };
        block("0.00001").await.unwrap().unwrap();
        sleep(Duration::from_secs(10)).await;
        block("0.4").await.unwrap().unwrap();
    })
    .await;
}
