//! A host whose clock is wrong: the database's clock decides.

use std::{process::Command, time::Duration};

use tokio::time::sleep;

use crate::{check::assert_all_whole, cluster::Cluster, host::Host, load::Load};

/// A host that believes that it is so much later or earlier, as `faketime` has it.
fn host_off_by(cluster: &Cluster, offset: &str, name: &str) -> Host {
    let mut command = Command::new("faketime");
    command.args(["-f", offset, env!("CARGO_BIN_EXE_cluster-worker")]).env("DONT_FAKE_MONOTONIC", "1");
    Host::start_by(command, &cluster.environment(&cluster.postgres.url()), cluster.path(), name)
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_whose_clocks_are_ten_minutes_off_hold_their_leases() {
    let cluster = Cluster::start().await;
    let hosts =
        [cluster.host("right"), host_off_by(&cluster, "+10m", "ahead"), host_off_by(&cluster, "-10m", "behind")];
    let client = cluster.client().await;
    let load = Load::begin(&client);
    // Several times the lease: one that was judged by the clock of its host would lapse, or never would.
    sleep(Duration::from_secs(8)).await;
    let runs = load.end().await;

    for host in &hosts {
        assert!(!host.log().contains("taking over"), "{}", host.log());
    }
    let shared = cluster.count("SELECT count(*) FROM stagemark_worker");
    assert!(shared >= 3, "{shared} workers were heard of");
    assert_all_whole(&cluster, &client, 0..runs).await;
}

/// The other way round: what one that is behind held is taken over by one that is ahead, in a lease's time.
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_host_whose_clock_is_behind_is_taken_over_in_time() {
    let cluster = Cluster::start().await;
    let mut behind = host_off_by(&cluster, "-10m", "behind");
    let client = cluster.client().await;
    let load = Load::begin(&client);
    sleep(Duration::from_secs(3)).await;

    behind.kill();
    let ahead = host_off_by(&cluster, "+10m", "ahead");
    let runs = load.end().await;

    assert!(ahead.log().contains("taking over"), "{}", ahead.log());
    assert_all_whole(&cluster, &client, 0..runs).await;
}
