//! A host that stands still for longer than its lease, and then goes on as if nothing had been.

use std::time::Duration;

use tokio::time::sleep;

use crate::{
    check::assert_all_whole,
    cluster::Cluster,
    load::{Load, submit},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_wakes_up_late_is_refused() {
    let cluster = Cluster::start().await;
    let hosts = cluster.hosts();
    let client = cluster.client().await;
    let load = Load::begin(&client);

    for host in hosts.iter().cycle().take(6) {
        sleep(Duration::from_millis(700)).await;
        host.pause();
        // Longer than its lease, so that the other takes over what it holds, and is done with it.
        sleep(Duration::from_secs(4)).await;
        host.resume();
    }
    submit(&client, 1_000_001).await.result().await.unwrap();
    let runs = load.end().await;

    let taken_over = cluster.count("SELECT count(*) FROM stagemark_marker WHERE attempt > 1 AND phase = 2");
    assert!(taken_over > 0, "no attempt was taken over from a host that stood still");
    assert_all_whole(&cluster, &client, (0..runs).chain([1_000_001])).await;
}
