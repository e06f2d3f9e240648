//! Events in a database of this process, and boards in a real Redis.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    time::Duration,
};

use async_trait::async_trait;
use stagemark::Timestamp;
use stagemark_contest_ranking::{
    Board, Count, Event, Kind, RedisSets, Snapshot, Weights, Window,
    ports::{Lease, Part, Sets, Source, SourceError, When},
};
use stagemark_redis::Redis;
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::{sleep, timeout},
};
use uuid::Uuid;

/// Long enough not to be over within a test.
pub(crate) const LONG: Duration = Duration::from_mins(1);
/// How many may pass the gate of the database at once; who takes all closes it.
pub(crate) const GATE: usize = 1_000;
pub(crate) const NOW: Timestamp = Timestamp(1_700_000_000_000);
pub(crate) const ALL: Window = Window::Page { offset: 0, limit: 10_000 };

pub(crate) fn weights() -> Weights {
    Weights { half_life: Duration::from_hours(1), ..Weights::default() }
}

/// A connection to this Redis, with keys of its own; those of one name are shared.
pub(crate) async fn connect(url: &str, name: &str) -> Redis {
    Redis::options(url).unwrap().prefix(name).unwrap().connect().await.unwrap()
}

/// A name that no other test has.
pub(crate) fn own_name() -> String {
    static NAMES: AtomicU32 = AtomicU32::new(0);
    format!("ranking-{}-{}", std::process::id(), NAMES.fetch_add(1, Relaxed))
}

pub(crate) async fn redis_sets() -> RedisSets {
    let redis = connect(&stagemark_services::redis_url().unwrap(), &own_name()).await;
    RedisSets::new(redis, weights())
}

pub(crate) fn player(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

pub(crate) fn lease(when: When) -> Lease {
    Lease { token: Uuid::now_v7(), lasts: LONG, time_to_live: LONG, when }
}

/// A like of this player's video, in this epoch.
pub(crate) fn like(owner: u128, epoch: u64) -> Count {
    Count { id: Uuid::now_v7(), epoch, player: player(owner), at: NOW, weight: 10.0 }
}

/// A snapshot with these sums, in this epoch.
pub(crate) fn snapshot(epoch: u64, sums: &[(u128, f64)]) -> Snapshot {
    let scores = sums.iter().map(|(number, sum)| (player(*number), *sum)).collect();
    Snapshot { epoch, landmark: NOW, scores, open: Vec::new() }
}

/// Fills a board with a snapshot.
pub(crate) async fn fill(sets: &impl Sets, board: &Board, snapshot: &Snapshot) -> Lease {
    let lease = lease(When::Always);
    sets.begin(board, &lease).await.unwrap();
    assert!(sets.fill(board, &lease, snapshot).await.unwrap());
    lease
}

pub(crate) async fn read(sets: &impl Sets, board: &Board) -> Option<Part> {
    sets.read(board, ALL).await.unwrap()
}

/// Who is on a board, with their sums.
pub(crate) async fn sums(sets: &impl Sets, board: &Board) -> Option<Vec<(u128, f64)>> {
    let part = read(sets, board).await?;
    Some(part.standings.iter().map(|standing| (standing.player.as_u128(), standing.score)).collect())
}

/// Waits until something holds.
pub(crate) async fn until(mut holds: impl AsyncFnMut() -> bool) {
    let held = timeout(LONG, async {
        while !holds().await {
            sleep(Duration::from_millis(5)).await;
        }
    });
    held.await.expect("it should not take so long");
}

/// A database in this process, which is read where its gate lets through.
#[derive(Debug)]
pub(crate) struct Records {
    pub(crate) events: Mutex<Vec<Event>>,
    gate: Semaphore,
}

impl Records {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { events: Mutex::default(), gate: Semaphore::new(GATE) })
    }

    /// Writes events of one player, of Lisbon or Porto.
    pub(crate) fn write(&self, owner: u128, kinds: &[Kind]) -> Vec<Event> {
        let city = if owner.is_multiple_of(2) { "Lisbon" } else { "Porto" };
        let (owner, at) = (player(owner), Timestamp(now().0 - 60_000));
        let event =
            |kind: &Kind| Event { id: Uuid::now_v7(), epoch: 2, player: owner, city: city.into(), kind: *kind, at };
        let written: Vec<_> = kinds.iter().map(event).collect();
        self.events.lock().unwrap().extend(written.iter().cloned());
        written
    }

    /// Lets nobody read until this is dropped.
    pub(crate) async fn close(&self) -> SemaphorePermit<'_> {
        self.gate.acquire_many(u32::try_from(GATE).unwrap()).await.unwrap()
    }

    /// What a player has on all boards now, without any cache.
    pub(crate) fn worth(&self, owner: u128) -> f64 {
        let (events, now) = (self.events.lock().unwrap(), now());
        let of_owner = events.iter().filter(|event| event.player == player(owner));
        of_owner.map(|event| weights().of(event.kind) * weights().growth(now, event.at)).sum()
    }
}

#[async_trait]
impl Source for Records {
    async fn snapshot(&self, board: &Board) -> Result<Snapshot, SourceError> {
        let _passed = self.gate.acquire().await.map_err(|closed| SourceError(closed.into()))?;
        let (events, landmark) = (self.events.lock().unwrap(), now());
        let mut sums = std::collections::HashMap::new();
        let mut open = Vec::new();
        for event in events.iter().filter(|event| *board == Board::Global || *board == Board::City(event.city.clone()))
        {
            open.push((event.id, event.epoch));
            let worth = weights().of(event.kind) * weights().growth(landmark, event.at);
            *sums.entry(event.player).or_insert(0.0) += worth;
        }
        Ok(Snapshot { epoch: 2, landmark, scores: sums.into_iter().collect(), open })
    }
}

fn now() -> Timestamp {
    let since = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
    Timestamp(u64::try_from(since.as_millis()).unwrap())
}
