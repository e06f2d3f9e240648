//! The latest videos, on a shelf in this process and on one in Redis that two hosts share.

use std::{sync::Arc, time::Duration};

use sea_orm::{ActiveModelTrait, Set};
use stagemark_contest_lists::{Latest, MemoryShelf, RedisShelf, Shelf, Shown};
use stagemark_contest_records::{
    Records,
    entity::video::{self, State},
    events, likes, testing,
};
use stagemark_redis::Redis;
use stagemark_services as services;
use tempfile::TempDir;
use tokio::task::JoinSet;
use uuid::Uuid;

const LONG: Duration = Duration::from_mins(1);

/// Tables in a file, with a player.
struct Tables {
    records: Records,
    player: Uuid,
    _folder: TempDir,
}

impl Tables {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let records = Records::open(&format!("sqlite://{}", folder.path().join("contest.db").display())).await.unwrap();
        let player = testing::player("Ada", "Berlin");
        let transaction = records.begin().await.unwrap();
        testing::insert(&transaction, player.clone()).await.unwrap();
        transaction.commit().await.unwrap();
        Self { records, player: player.id, _folder: folder }
    }

    async fn publish(&self) -> Uuid {
        let video = testing::video(self.player, State::Ready);
        let id = video.id;
        let transaction = self.records.begin().await.unwrap();
        testing::insert(&transaction, video).await.unwrap();
        transaction.commit().await.unwrap();
        id
    }

    async fn erase(&self, id: Uuid) {
        let transaction = self.records.begin().await.unwrap();
        let erasing = video::ActiveModel { id: Set(id), state: Set(State::Erasing), ..Default::default() };
        erasing.update(&transaction).await.unwrap();
        events::forget(&transaction, id).await.unwrap();
        transaction.commit().await.unwrap();
    }

    async fn like(&self, id: Uuid) {
        let transaction = self.records.begin().await.unwrap();
        likes::like(&transaction, id, self.player, 1).await.unwrap();
        transaction.commit().await.unwrap();
    }
}

/// The videos that a host lists, with their likes.
async fn listed(host: &Latest) -> Vec<(Uuid, u64)> {
    let part = host.part(None, 50).await.unwrap().unwrap();
    part.cards.iter().map(|card| (card.id, card.likes)).collect()
}

async fn redis(server: &services::Redis) -> Redis {
    Redis::connect(&server.url()).await.unwrap()
}

async fn what_changes_is_seen_at_once(tables: Tables, [one, other]: [Latest; 2]) {
    let first = tables.publish().await;
    one.changed().await;
    assert_eq!((listed(&one).await, listed(&other).await), (vec![(first, 0)], vec![(first, 0)]));

    let second = tables.publish().await;
    tables.like(first).await;
    assert_eq!(
        listed(&other).await,
        [(first, 0)],
        "it is read from the shelf until somebody says that something changed"
    );
    one.changed().await;
    assert_eq!(
        (listed(&one).await, listed(&other).await),
        (vec![(second, 0), (first, 1)], vec![(second, 0), (first, 1)])
    );

    tables.erase(second).await;
    other.changed().await;
    assert_eq!((listed(&one).await, listed(&other).await), (vec![(first, 1)], vec![(first, 1)]));
}

#[tokio::test]
async fn in_one_process_what_changes_is_seen_at_once() {
    let tables = Tables::new().await;
    let host = Latest::of(None, tables.records.clone());

    what_changes_is_seen_at_once(tables, [host.clone(), host]).await;
}

#[tokio::test]
async fn on_two_hosts_what_changes_is_seen_at_once() {
    let (tables, server) = (Tables::new().await, services::Redis::temporary().unwrap());
    let host = async || Latest::of(Some(redis(&server).await), tables.records.clone());
    let hosts = [host().await, host().await];

    what_changes_is_seen_at_once(tables, hosts).await;
}

async fn what_was_read_before_a_change_is_not_kept(shelf: &dyn Shelf) {
    let Shown::Nothing(number) = shelf.look(None).await.unwrap() else { panic!("the shelf is new") };
    shelf.clear().await.unwrap();

    assert!(!shelf.put(number, "old", LONG).await.unwrap());

    let Shown::Nothing(number) = shelf.look(Some(number)).await.unwrap() else { panic!("nothing was put") };
    assert!(shelf.put(number, "new", LONG).await.unwrap());
    assert_eq!(shelf.look(None).await.unwrap(), Shown::Text(number, "new".to_owned()));
    assert_eq!(shelf.look(Some(number)).await.unwrap(), Shown::Known);
    shelf.clear().await.unwrap();
    assert!(matches!(shelf.look(Some(number)).await.unwrap(), Shown::Nothing(another) if another != number));
}

#[tokio::test]
async fn what_was_read_before_a_change_is_not_kept_in_the_process() {
    what_was_read_before_a_change_is_not_kept(&MemoryShelf::default()).await;
}

#[tokio::test]
async fn what_was_read_before_a_change_is_not_kept_in_redis() {
    let server = services::Redis::temporary().unwrap();

    what_was_read_before_a_change_is_not_kept(&RedisShelf::new(redis(&server).await)).await;
}

async fn a_text_is_kept_for_its_time_and_no_longer(shelf: &dyn Shelf) {
    let Shown::Nothing(number) = shelf.look(None).await.unwrap() else { panic!("the shelf is new") };
    assert!(shelf.put(number, "short", Duration::from_millis(50)).await.unwrap());

    loop {
        match shelf.look(Some(number)).await.unwrap() {
            Shown::Known => tokio::time::sleep(Duration::from_millis(5)).await,
            Shown::Nothing(another) => return assert_ne!(another, number),
            Shown::Text(..) => panic!("nobody else has put anything there"),
        }
    }
}

#[tokio::test]
async fn a_text_is_kept_for_its_time_and_no_longer_in_the_process() {
    a_text_is_kept_for_its_time_and_no_longer(&MemoryShelf::default()).await;
}

#[tokio::test]
async fn a_text_is_kept_for_its_time_and_no_longer_in_redis() {
    let server = services::Redis::temporary().unwrap();

    a_text_is_kept_for_its_time_and_no_longer(&RedisShelf::new(redis(&server).await)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_who_ask_at_once_have_the_database_read_once() {
    let tables = Tables::new().await;
    let first = tables.publish().await;
    let host = Latest::of(None, tables.records.clone());

    let mut readers = JoinSet::new();
    for _ in 0..200 {
        let host = host.clone();
        readers.spawn(async move { listed(&host).await });
    }

    assert!(readers.join_all().await.into_iter().all(|seen| seen == [(first, 0)]));
    assert_eq!(host.readings(), 1);
}

#[tokio::test]
async fn while_redis_is_away_lists_are_right_and_what_changed_is_forgotten_there_afterwards() {
    let (tables, server) = (Tables::new().await, services::Redis::temporary().unwrap());
    let first = tables.publish().await;
    let shelf = Arc::new(RedisShelf::new(redis(&server).await));
    let host = Latest::new(shelf.clone(), tables.records.clone());
    assert_eq!(listed(&host).await, [(first, 0)]);

    server.stop().unwrap();
    let second = tables.publish().await;
    host.changed().await;
    assert_eq!(listed(&host).await, [(second, 0), (first, 0)]);
    server.start_again().unwrap();

    // Until it is read from there again.
    let before = loop {
        assert_eq!(listed(&host).await, [(second, 0), (first, 0)]);
        let readings = host.readings();
        assert_eq!(listed(&host).await, [(second, 0), (first, 0)]);
        if host.readings() == readings {
            break readings;
        }
    };
    assert!(before > 1);
}
