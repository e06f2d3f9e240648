//! Many at once: readers of a cold board, readers while Redis stops, and uploads.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
};

use futures::future::join_all;
use reqwest::StatusCode;
use sea_orm::ConnectionTrait;
use serde_json::Value;
use stagemark_contest_records::videos;
use stagemark_services as services;
use tokio::{
    task::{JoinSet, spawn_blocking},
    time::timeout,
};

use crate::{
    clips::{Contest, PATIENCE, large_file},
    fixture::Host,
    rankings::{board, cluster, places, player, send, video, view},
};

const READERS: usize = 200;

/// Waits until something holds.
async fn until(mut holds: impl FnMut() -> bool) {
    let held = async {
        while !holds() {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, held).await.unwrap();
}

/// Orders something that takes its time while the others go on.
async fn apart(redis: &Arc<services::Redis>, order: fn(&services::Redis) -> Result<(), services::ServiceError>) {
    let redis = Arc::clone(redis);
    spawn_blocking(move || order(&redis).unwrap()).await.unwrap();
}

/// A board with Ada alone on it.
async fn with_ada(host: &Host) {
    let video = video(host, player(host, "Ada").await.0).await;
    send(host, &[view(video)]).await;
}

fn computed(hosts: &[Arc<Host>; 2]) -> u64 {
    hosts.iter().map(|host| host.api.rankings.computations()).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_of_a_cold_board_on_two_hosts_have_it_computed_once() {
    let (redis, hosts) = cluster().await;
    let hosts = hosts.map(Arc::new);
    with_ada(&hosts[0]).await;
    redis.flush().unwrap();
    let before = computed(&hosts);
    let held = hosts[0].api.records.begin().await.unwrap();
    held.execute_unprepared("LOCK TABLE contest_tally IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let (mut readers, asking) = (JoinSet::new(), Arc::new(AtomicUsize::new(0)));
    for number in 0..READERS {
        let (host, asking) = (Arc::clone(&hosts[number % 2]), Arc::clone(&asking));
        readers.spawn(async move {
            asking.fetch_add(1, SeqCst);
            places(&board(&host, "").await)
        });
    }
    until(|| asking.load(SeqCst) == READERS && computed(&hosts) > before).await;

    held.rollback().await.unwrap();
    let boards = readers.join_all().await;

    assert!(boards.len() == READERS && boards.iter().all(|places| *places == [("Ada".to_owned(), 1.0)]));
    assert_eq!(computed(&hosts) - before, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_in_whose_midst_redis_stops_and_comes_back_are_all_told_the_board() {
    let (redis, [host, _other]) = cluster().await;
    let (redis, host) = (Arc::new(redis), Arc::new(host));
    with_ada(&host).await;
    let counts: Arc<[AtomicUsize; 2]> = Arc::default();
    let (mut readers, is_over) = (JoinSet::new(), Arc::new(AtomicBool::new(false)));
    for _ in 0..16 {
        let (host, counts, is_over) = (Arc::clone(&host), Arc::clone(&counts), Arc::clone(&is_over));
        readers.spawn(async move {
            while !is_over.load(SeqCst) {
                let board: Value = board(&host, "").await;
                assert_eq!(places(&board), [("Ada".to_owned(), 1.0)]);
                counts[usize::from(board["computed"] == "database")].fetch_add(1, SeqCst);
            }
        });
    }
    let more = async |from: usize, answers: usize| {
        let before = counts[from].load(SeqCst);
        until(|| counts[from].load(SeqCst) >= before + answers).await;
    };

    more(0, 100).await;
    apart(&redis, services::Redis::stop).await;
    more(1, 100).await;
    apart(&redis, services::Redis::start_again).await;
    more(0, 100).await;
    is_over.store(true, SeqCst);

    while let Some(reader) = readers.join_next().await {
        reader.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn uploads_that_come_at_once_are_each_queued_once() {
    let contest = Contest::cluster().await;
    let players = join_all(["Ada", "Bob", "Cy", "Dee"].map(|name| contest.player(name))).await;
    let file = large_file(20_000);

    let uploads = (0..40).map(|number| {
        let (contest, player, file) = (&contest, &players[number % players.len()], &file);
        async move {
            let video = contest.begun(player, file).await;
            contest.send_parts(player, video, file).await;
            let done = contest.post(player, &format!("/api/videos/{video}/upload/complete")).await;
            (player, video, done.status())
        }
    });
    let uploads = join_all(uploads).await;

    for (player, video, status) in uploads {
        assert_eq!(status, StatusCode::ACCEPTED);
        contest.ends(player, video, "READY").await;
        assert_eq!(videos::runs(contest.records().reader(), video).await.unwrap().len(), 1);
    }
}
