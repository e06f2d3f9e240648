//! Hosts that are killed at random moments.

use std::time::Duration;

use futures::future::join_all;
use rand::Rng;
use stagemark::Run;
use tokio::time::{sleep, timeout};

use crate::{check::assert_all_whole, cluster::Cluster, load::submit};

const KILLS: u32 = 200;
/// Submitted between two kills, so that each meets hosts at work.
const RUNS_PER_KILL: u32 = 10;
const NAMES: [&str; 3] = ["one", "two", "three"];

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_kills_over_two_thousand_runs_lose_nothing_and_do_nothing_twice() {
    let cluster = Cluster::start().await;
    let mut hosts = NAMES.map(|name| cluster.host(name));
    let client = cluster.client().await;

    let (mut runs, mut at_work) = (Vec::new(), 0);
    for kill in 0..KILLS {
        for n in kill * RUNS_PER_KILL..(kill + 1) * RUNS_PER_KILL {
            runs.push(submit(&client, n).await);
        }
        sleep(Duration::from_millis(rand::rng().random_range(20..500))).await;
        at_work += u32::from(cluster.count("SELECT count(*) FROM stagemark_run WHERE status = 1") > 0);
        let victim = rand::rng().random_range(0..NAMES.len());
        hosts[victim].kill();
        hosts[victim] = cluster.host(NAMES[victim]);
    }
    let results = timeout(Duration::from_mins(5), join_all(runs.iter().map(Run::result))).await;

    let failed: Vec<_> = results.expect("every run comes to its end").into_iter().filter_map(Result::err).collect();
    assert!(failed.is_empty(), "{failed:?}");
    assert!(at_work >= KILLS * 9 / 10, "only {at_work} of {KILLS} kills met hosts at work");
    assert_all_whole(&cluster, &client, 0..KILLS * RUNS_PER_KILL).await;
}
