//! Redis stops, comes back, and forgets: rankings are slower meanwhile, and right.

use std::sync::Arc;

use stagemark_contest_ranking::{Board, Kind, Origin, Rankings};
use stagemark_services as services;

use crate::{
    fixture::{ALL, Records, own_name, until},
    fleet::{host, is_right},
};

struct Fleet {
    server: services::Redis,
    records: Arc<Records>,
    hosts: [Rankings; 2],
}

impl Fleet {
    /// Two hosts with a warm board.
    async fn start() -> Self {
        let (server, records, name) = (services::Redis::temporary().unwrap(), Records::new(), own_name());
        let hosts = [host(&server.url(), &name, &records).await, host(&server.url(), &name, &records).await];
        let fleet = Self { server, records, hosts };
        fleet.write(0, 1).await;
        until(async || fleet.origin(0).await == Origin::Cache && fleet.origin(1).await == Origin::Cache).await;
        fleet
    }

    /// One of the hosts accepts an event.
    async fn write(&self, host: usize, owner: u128) {
        self.hosts[host].count(&self.records.write(owner, &[Kind::Like])).await;
    }

    async fn origin(&self, host: usize) -> Origin {
        self.hosts[host].view(&Board::Global, ALL).await.unwrap().origin
    }

    async fn is_right(&self, host: usize) -> bool {
        is_right(&self.hosts[host], &self.records, &[1, 2, 3]).await
    }

    async fn assert_right(&self, when: &str) {
        for host in 0..self.hosts.len() {
            assert!(self.is_right(host).await, "{when}");
        }
    }
}

#[tokio::test]
async fn while_redis_is_away_rankings_are_right_and_when_it_is_back_they_miss_nothing() {
    let fleet = Fleet::start().await;

    fleet.server.stop().unwrap();
    fleet.write(0, 2).await;
    fleet.assert_right("without Redis").await;
    fleet.write(1, 3).await;
    fleet.assert_right("still without Redis").await;
    assert_eq!(fleet.origin(0).await, Origin::Database);
    // It comes back with the boards that it had, which have missed two events.
    fleet.server.start_again().unwrap();

    until(async || {
        // The host that takes events knows what it could not count; the other, once that one is connected again.
        assert!(fleet.is_right(0).await, "after Redis came back");
        fleet.write(0, 1).await;
        fleet.origin(0).await == Origin::Cache && fleet.origin(1).await == Origin::Cache && fleet.is_right(1).await
    })
    .await;
    fleet.assert_right("long after").await;
}

#[tokio::test]
async fn after_a_flush_boards_are_made_anew() {
    let fleet = Fleet::start().await;

    fleet.server.flush().unwrap();
    fleet.write(0, 2).await;

    fleet.assert_right("after a flush").await;
    assert_eq!(fleet.origin(1).await, Origin::Cache);
}

#[tokio::test]
async fn what_a_paused_redis_did_not_count_is_not_missed() {
    let fleet = Fleet::start().await;

    fleet.server.pause().unwrap();
    fleet.write(0, 2).await;
    fleet.assert_right("while it is paused").await;
    fleet.server.resume();

    until(async || {
        assert!(fleet.is_right(0).await, "after the pause");
        fleet.origin(0).await == Origin::Cache && fleet.origin(1).await == Origin::Cache && fleet.is_right(1).await
    })
    .await;
}
