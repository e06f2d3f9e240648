//! Several hosts that share boards.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
};

use async_trait::async_trait;
use futures::future::join_all;
use stagemark_contest_ranking::{
    Board, Kind, MemorySets, Options, Origin, Rankings, RedisSets, Snapshot, Window,
    ports::{Sets, Source, SourceError},
};
use stagemark_redis::Redis;
use tokio::task::JoinSet;

use crate::fixture::{ALL, Records, connect, own_name, player, until, weights};

fn options() -> Options {
    Options::new(weights())
}

/// A host of the fleet of this name.
pub(crate) async fn host(url: &str, name: &str, records: &Arc<Records>) -> Rankings {
    let redis: Redis = connect(url, name).await;
    Rankings::new(Arc::new(RedisSets::new(redis, weights())), records.clone(), options())
}

async fn two_hosts(records: &Arc<Records>) -> [Rankings; 2] {
    let (url, name) = (stagemark_services::redis_url().unwrap(), own_name());
    [host(&url, &name, records).await, host(&url, &name, records).await]
}

/// Whether a view of a board tells what the database says of these players.
pub(crate) async fn is_right(rankings: &Rankings, records: &Records, owners: &[u128]) -> bool {
    let view = rankings.view(&Board::Global, ALL).await.unwrap();
    owners.iter().all(|owner| {
        let of_owner = view.standings.iter().find(|standing| standing.player == player(*owner));
        let (shown, worth) = (of_owner.map_or(0.0, |standing| standing.score), records.worth(*owner));
        // A moment has passed between the two.
        (shown - worth).abs() <= 1e-3 * worth
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hundred_readers_of_a_cold_board_on_two_hosts_compute_it_once() {
    let records = Records::new();
    records.write(1, &[Kind::Like, Kind::View]);
    let hosts = two_hosts(&records).await;
    // The database answers when all wait for it.
    let closed = records.close().await;
    let (mut readers, asking) = (JoinSet::new(), Arc::new(AtomicUsize::new(0)));
    for number in 0..500 {
        let (rankings, asking) = (hosts[number % 2].clone(), Arc::clone(&asking));
        readers.spawn(async move {
            asking.fetch_add(1, SeqCst);
            rankings.view(&Board::Global, ALL).await.unwrap()
        });
    }
    until(async || asking.load(SeqCst) == 500).await;
    until(async || hosts.iter().map(Rankings::computations).sum::<u64>() == 1).await;

    drop(closed);
    let views = readers.join_all().await;

    assert_eq!(views.len(), 500);
    assert!(views.iter().all(|view| view.standings.len() == 1 && view.total == 1));
    assert_eq!(hosts.iter().map(Rankings::computations).sum::<u64>(), 1);
    assert!(is_right(&hosts[0], &records, &[1]).await);
}

#[tokio::test]
async fn what_one_host_counts_another_shows() {
    let records = Records::new();
    let [one, other] = two_hosts(&records).await;
    assert_eq!(one.view(&Board::Global, ALL).await.unwrap().origin, Origin::Database);

    one.count(&records.write(1, &[Kind::Like, Kind::Like])).await;
    one.count(&records.write(2, &[Kind::View])).await;

    assert!(is_right(&other, &records, &[1, 2]).await);
    let view = other.view(&Board::Global, ALL).await.unwrap();
    assert_eq!((view.origin, view.total), (Origin::Cache, 2));
    let porto = other.view(&Board::city("Porto"), ALL).await.unwrap();
    assert_eq!(porto.standings.len(), 1, "{porto:?}");
    assert_eq!(porto.standings[0].player, player(1));
}

#[tokio::test]
async fn an_invalidated_board_is_made_anew_from_what_there_is() {
    let records = Records::new();
    let [one, other] = two_hosts(&records).await;
    records.write(1, &[Kind::Like]);
    one.view(&Board::Global, ALL).await.unwrap();
    // Nobody counts these.
    records.write(1, &[Kind::Like]);
    assert!(!is_right(&other, &records, &[1]).await);

    one.forget(&Board::Global).await.unwrap();

    assert!(is_right(&other, &records, &[1]).await);
}

#[tokio::test]
async fn a_warm_board_is_refreshed_while_it_is_read() {
    let records = Records::new();
    let [one, other] = two_hosts(&records).await;
    other.view(&Board::Global, ALL).await.unwrap();
    records.write(1, &[Kind::Like]);

    assert!(one.refresh(&Board::Global).await.unwrap());

    let view = other.view(&Board::Global, Window::Around { player: player(1), radius: 3 }).await.unwrap();
    assert_eq!((view.origin, view.standings.len()), (Origin::Cache, 1));
}

#[tokio::test]
async fn readers_that_go_away_do_not_stop_the_one_computation() {
    let records = Records::new();
    records.write(1, &[Kind::Like]);
    let [one, other] = two_hosts(&records).await;
    let closed = records.close().await;
    let gone = tokio::spawn({
        let one = one.clone();
        async move { one.view(&Board::Global, ALL).await }
    });
    until(async || one.computations() == 1).await;
    gone.abort();

    drop(closed);

    assert!(is_right(&other, &records, &[1]).await);
    assert_eq!(other.computations(), 0);
}

#[tokio::test]
async fn while_the_database_is_away_readers_are_told_and_later_served() {
    let records = Records::new();
    let sets: Arc<dyn Sets> = Arc::new(MemorySets::new(weights()));
    let away = Arc::new(Away(records.clone(), AtomicBool::new(true)));
    let rankings = Rankings::new(sets, away.clone(), options());

    let views = join_all((0..10).map(|_| rankings.view(&Board::Global, ALL))).await;
    assert!(views.iter().all(Result::is_err));
    away.1.store(false, SeqCst);

    assert_eq!(rankings.view(&Board::Global, ALL).await.unwrap().total, 0);
    assert_eq!(rankings.view(&Board::Global, ALL).await.unwrap().origin, Origin::Cache);
}

/// A database that may be away.
#[derive(Debug)]
struct Away(Arc<Records>, AtomicBool);

#[async_trait]
impl Source for Away {
    async fn snapshot(&self, board: &Board) -> Result<Snapshot, SourceError> {
        if self.1.load(SeqCst) {
            return Err(SourceError("it is away".into()));
        }
        self.0.snapshot(board).await
    }
}
