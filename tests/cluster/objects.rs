//! The S3 store goes in the middle of uploads, fails requests, or takes its time.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering::SeqCst},
    },
    time::Duration,
};

use rand::{Rng, seq::IndexedRandom};
use tokio::{task::spawn_blocking, time::sleep};

use crate::{
    cluster::Cluster,
    load::{survive, survive_in},
    s3_proxy::{Fate, Proxy},
};

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

#[tokio::test(flavor = "multi_thread")]
async fn the_store_fails_requests() {
    let fail = || match [500, 503].choose(&mut rand::rng()) {
        Some(status) if rand::rng().random_bool(0.5) => Fate::Refuse(*status),
        _ => Fate::Pass,
    };
    survive_answers("the S3 store fails every other request with 500 or 503 for 10 s", fail).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_store_is_slow() {
    let slow = || Fate::Delay(Duration::from_millis(rand::rng().random_range(2_000..4_000)));
    survive_answers("the S3 store takes 2 to 4 s for each answer, for 10 s", slow).await;
}

/// A store that for ten seconds does so to each request of the hosts.
async fn survive_answers(fault: &str, fate: impl Fn() -> Fate + Send + 'static) {
    let mut cluster = Cluster::start().await;
    let (in_trouble, troubled) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
    let (told, counted) = (Arc::clone(&in_trouble), Arc::clone(&troubled));
    let decide = move |_: &str| {
        let fate = if told.load(SeqCst) { fate() } else { Fate::Pass };
        counted.fetch_add(u32::from(!matches!(fate, Fate::Pass)), SeqCst);
        fate
    };
    let proxy = Proxy::before(&cluster.s3.url(), decide).await;
    cluster.reach_s3_by(proxy.url());

    survive_in(cluster, fault, |_| async move {
        in_trouble.store(true, SeqCst);
        sleep(Duration::from_secs(10)).await;
        in_trouble.store(false, SeqCst);
    })
    .await;

    let troubled = troubled.load(SeqCst);
    assert!(troubled > 50, "only {troubled} requests met the fault");
}
