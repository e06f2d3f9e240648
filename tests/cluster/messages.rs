//! Messages that cannot be read, of things unknown or newer, twice and out of order: the queue in the database decides.

use std::time::Duration;

use lapin::{
    BasicProperties, Channel, Connection, ConnectionProperties,
    options::{BasicGetOptions, BasicPublishOptions, ConfirmSelectOptions},
};
use stagemark::{RunId, Workflow};
use stagemark_amqp::REASON_HEADER;
use tokio::time::sleep;

use crate::{
    check::assert_all_whole,
    cluster::Cluster,
    load::{Load, submit},
};

const QUEUE: &str = "stagemark.default";
const DEAD: &str = "stagemark.default.dead";

async fn channel(cluster: &Cluster) -> Channel {
    let connection = Connection::connect(&cluster.rabbitmq.url(), ConnectionProperties::default()).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    channel.confirm_select(ConfirmSelectOptions::default()).await.unwrap();
    // It lives as long as the channel.
    std::mem::forget(connection);
    channel
}

async fn publish(channel: &Channel, queue: &str, payload: &[u8]) {
    let (options, properties) = (BasicPublishOptions::default(), BasicProperties::default());
    let confirm = channel.basic_publish("".into(), queue.into(), options, payload, properties).await.unwrap();
    confirm.await.unwrap();
}

/// The reason with which a message was set aside.
async fn reason(channel: &Channel) -> String {
    for _ in 0..200 {
        let Some(dead) = channel.basic_get(DEAD.into(), BasicGetOptions { no_ack: true }).await.unwrap() else {
            sleep(Duration::from_millis(50)).await;
            continue;
        };
        let headers = dead.delivery.properties.headers().clone().unwrap_or_default();
        return format!("{:?}", headers.inner().get(REASON_HEADER));
    }
    panic!("no message was set aside within 10 s");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_set_aside_and_work_goes_on() {
    let cluster = Cluster::start().await;
    let hosts = cluster.hosts();
    let client = cluster.client().await;
    submit(&client, 1_000_001).await.result().await.unwrap();
    let channel = channel(&cluster).await;

    let load = Load::begin(&client);
    for payload in [&b"\xff\xfe no JSON"[..], b"{}", br#"{"v":999,"run":"x"}"#] {
        publish(&channel, QUEUE, payload).await;
        assert!(reason(&channel).await.len() > 10, "it says why");
    }
    let runs = load.end().await;

    assert_all_whole(&cluster, &client, (0..runs).chain([1_000_001])).await;
    drop(hosts);
}

/// It waits for a worker that knows it, and the operator sees that it does.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_of_a_workflow_that_nobody_serves_waits() {
    const NEWER: Workflow<u32, u32> = Workflow::new("echo").version(7);
    const UNKNOWN: Workflow<u32, u32> = Workflow::new("unheard-of");
    let cluster = Cluster::start().await;
    let hosts = cluster.hosts();
    let client = cluster.client().await;
    let waiting: [RunId; 2] =
        [client.submit(NEWER, 1).await.unwrap().id(), client.submit(UNKNOWN, 1).await.unwrap().id()];

    let done = submit(&client, 1).await;
    done.result().await.unwrap();

    for run in waiting {
        let query = format!("SELECT status FROM stagemark_run WHERE id = '{run}'");
        assert_eq!(cluster.count(&query), 0, "it is queued");
    }
    let census = client.census().await.unwrap();
    assert!(census.queues.iter().any(|queue| &*queue.workflow == "unheard-of" && queue.due == 1), "{census:?}");
    assert_eq!(client.doctor().await.unwrap(), []);
    drop(hosts);
}

#[tokio::test(flavor = "multi_thread")]
async fn hints_that_come_twice_and_out_of_order_do_nothing_twice() {
    let cluster = Cluster::start().await;
    let client = cluster.client().await;
    let mut runs = Vec::new();
    for n in 0..60 {
        runs.push(submit(&client, n).await);
    }
    // Nobody listens yet: what was published is taken out, and put back three times, the other way round.
    let channel = channel(&cluster).await;
    let mut hints = Vec::new();
    while hints.len() < runs.len() {
        match channel.basic_get(QUEUE.into(), BasicGetOptions { no_ack: true }).await.unwrap() {
            Some(hint) => hints.push(hint.delivery.data),
            None => sleep(Duration::from_millis(50)).await,
        }
    }
    for hint in hints.iter().rev().cycle().take(3 * hints.len()) {
        publish(&channel, QUEUE, hint).await;
    }

    let hosts = cluster.hosts();
    for run in &runs {
        run.result().await.unwrap();
    }

    assert_all_whole(&cluster, &client, 0..60).await;
    drop(hosts);
}
