//! Two faults at once, and connections that are cut where it hurts most.

use std::time::Duration;

use rand::Rng;
use stagemark_services::Shutdown;
use stagemark_sql::SqlStore;
use tokio::{task::spawn_blocking, time::sleep};

use crate::{
    check::assert_all_whole,
    cluster::Cluster,
    host::Host,
    load::{Load, submit, survive},
    proxy::Proxy,
};

#[tokio::test(flavor = "multi_thread")]
async fn the_database_is_restarted_while_hosts_recover_from_a_kill() {
    let cluster = Cluster::start().await;
    let mut hosts = cluster.hosts();
    let client = cluster.client().await;
    let load = Load::begin(&client);
    sleep(Duration::from_secs(1)).await;

    hosts[0].kill();
    // The other host is about to take over what it held.
    sleep(Duration::from_secs(2)).await;
    cluster.postgres.restart_by(Shutdown::Immediate).unwrap();
    hosts[0] = cluster.host("one");
    sleep(Duration::from_secs(1)).await;
    let runs = load.end().await;

    assert_all_whole(&cluster, &client, 0..runs).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_broker_is_restarted_while_redis_is_away() {
    survive("the broker is restarted while Redis is away", |cluster| async move {
        spawn_blocking(move || {
            cluster.redis.kill().unwrap();
            cluster.rabbitmq.restart().unwrap();
            cluster.redis.start_again().unwrap();
        })
        .await
        .unwrap();
    })
    .await;
}

/// The answer to a commit is lost: whether it was made is read again, never guessed.
#[tokio::test(flavor = "multi_thread")]
async fn connections_are_cut_at_the_commit() {
    let cluster = Cluster::start().await;
    let proxy = Proxy::before(cluster.postgres.address()).await;
    let url = cluster.postgres.url().replace(&cluster.postgres.address().to_string(), &proxy.address().to_string());
    let environment = cluster.environment(&url);
    let hosts = ["one", "two"].map(|name| Host::start(&environment, cluster.path(), name));
    let client = cluster.client_on(SqlStore::open(&url).await.unwrap()).await.start().await.unwrap();
    let load = Load::begin(&client);
    sleep(Duration::from_secs(1)).await;

    for _ in 0..60 {
        proxy.cut_next_answer();
        let wait = rand::rng().random_range(20..150);
        sleep(Duration::from_millis(wait)).await;
    }
    let cut = proxy.answers_cut();
    let runs = load.end().await;

    assert!(cut >= 30, "only {cut} answers were cut");
    submit(&client, 0).await;
    assert_all_whole(&cluster, &client, 0..runs).await;
    drop(hosts);
}
