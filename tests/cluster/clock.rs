//! A host whose clock is wrong: the database's clock decides.

use std::{path::PathBuf, process::Command, time::Duration};

use tokio::time::sleep;

use crate::{check::assert_all_whole, cluster::Cluster, host::Host, load::Load};

/// A host that believes that it is so much later or earlier, as `faketime` has it.
fn host_off_by(cluster: &Cluster, offset: &str, name: &str) -> Host {
    // By its library: the program of that name stays between the test and the host, and would be killed in its place.
    let mut command = Command::new(env!("CARGO_BIN_EXE_cluster-worker"));
    command.env("LD_PRELOAD", library()).env("FAKETIME", offset).env("DONT_FAKE_MONOTONIC", "1");
    Host::start_by(command, &cluster.environment(&cluster.postgres.url()), cluster.path(), name)
}

/// The library of `faketime`, in the folder of this machine's kind.
fn library() -> PathBuf {
    let folders = std::fs::read_dir("/usr/lib").unwrap();
    let libraries = folders.map(|folder| folder.unwrap().path().join("faketime/libfaketime.so.1"));
    libraries.into_iter().find(|library| library.exists()).expect("cargo xtask test installs faketime")
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
