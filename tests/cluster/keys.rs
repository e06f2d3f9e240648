//! One key, two hosts, at once: one run.

use std::time::Duration;

use futures::{StreamExt, stream};
use stagemark::{Engine, RunId};
use tokio::time::sleep;

use crate::{cluster::Cluster, echo::ECHO, load::submit};

const KEYS: u32 = 10_000;
/// Submissions on their way at a time, of each host.
const AT_ONCE: usize = 100;

async fn submit_all(engine: &Engine) -> Vec<RunId> {
    let submissions = stream::iter(0..KEYS).map(|n| submit_one(engine, n));
    submissions.buffered(AT_ONCE).collect().await
}

async fn submit_one(engine: &Engine, n: u32) -> RunId {
    engine.submit(ECHO, n).key(format!("key-{n}")).await.unwrap().id()
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_keys_from_two_hosts_are_ten_thousand_runs_though_redis_is_flushed() {
    let cluster = Cluster::start().await;
    let hosts = cluster.hosts();
    let (one, other) = (cluster.client().await, cluster.client().await);
    submit(&one, 0).await.result().await.unwrap();

    let flush = async {
        for _ in 0..5 {
            sleep(Duration::from_millis(500)).await;
            cluster.redis.flush().unwrap();
        }
    };
    let (first, second, ()) = tokio::join!(submit_all(&one), submit_all(&other), flush);

    assert_eq!(first, second, "each key is one run for both");
    assert_eq!(cluster.count("SELECT count(*) FROM stagemark_run WHERE workflow = 'echo'"), u64::from(KEYS));
    for n in [0, KEYS / 2, KEYS - 1] {
        let run = one.submit(ECHO, n).key(format!("key-{n}")).await.unwrap();
        assert_eq!(run.result().await.unwrap(), n);
    }
    let live = || cluster.count("SELECT count(*) FROM stagemark_run WHERE status < 2");
    for _ in 0..600 {
        if live() == 0 {
            break;
        }
        sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(live(), 0, "all of them have ended");
    assert_eq!(one.doctor().await.unwrap(), []);
    drop(hosts);
}
