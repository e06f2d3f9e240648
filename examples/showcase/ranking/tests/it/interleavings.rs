//! No order of writing, counting, consolidating, filling and forgetting loses an event or doubles one.

use std::{
    collections::{BTreeMap, HashSet},
    sync::OnceLock,
};

use proptest::prelude::*;
use stagemark::Timestamp;
use stagemark_contest_ranking::{
    Board, Count, MemorySets, RedisSets, Snapshot,
    ports::{Lease, Sets, Turn, When},
};
use tokio::runtime::Runtime;
use uuid::Uuid;

use crate::fixture::{NOW, lease, own_name, player, read, redis_sets, weights};

/// Something that a host or the database does.
#[derive(Clone, Debug)]
enum Act {
    /// Begins to write an event; it is not committed yet.
    Write {
        owner: u128,
        minutes: u64,
    },
    /// Commits one of those that are not.
    Commit(usize),
    /// Counts one that is committed, for the first time or again.
    Count(usize),
    /// The next epoch begins.
    Tick,
    Begin(usize, When),
    TakeSnapshot(usize),
    Fill(usize),
    Forget,
    /// A player's videos are gone; soon the board is forgotten.
    Void(u128),
}

fn act() -> impl Strategy<Value = Act> {
    let host = 0..2_usize;
    prop_oneof![
        4 => (1..3_u128, 0..100_u64).prop_map(|(owner, minutes)| Act::Write { owner, minutes }),
        4 => any::<prop::sample::Index>().prop_map(|which| Act::Commit(which.index(64))),
        6 => any::<prop::sample::Index>().prop_map(|which| Act::Count(which.index(64))),
        3 => Just(Act::Tick),
        3 => (host.clone(), prop_oneof![Just(When::Cold), Just(When::Always)]).prop_map(|(host, when)| Act::Begin(host, when)),
        3 => host.clone().prop_map(Act::TakeSnapshot),
        3 => host.prop_map(Act::Fill),
        1 => Just(Act::Forget),
        2 => (1..3_u128).prop_map(Act::Void),
    ]
}

/// What is in the database, and who fills.
#[derive(Default)]
struct World {
    epoch: u64,
    writing: Vec<Count>,
    committed: Vec<Count>,
    /// Those that were counted, whatever came of it.
    counted: HashSet<Uuid>,
    /// Events of videos that are gone.
    void: HashSet<Uuid>,
    /// Whether boards are still to be forgotten since videos are gone.
    is_forgetting: bool,
    fillers: [Option<(Lease, Option<Snapshot>)>; 2],
}

impl World {
    fn truth(&self, landmark: Timestamp) -> BTreeMap<u128, f64> {
        let mut sums = BTreeMap::new();
        for count in self.committed.iter().filter(|count| !self.void.contains(&count.id)) {
            *sums.entry(count.player.as_u128()).or_insert(0.0) += count.weight * weights().growth(landmark, count.at);
        }
        sums
    }

    fn snapshot(&self) -> Snapshot {
        let landmark = Timestamp(NOW.0 + self.epoch * 60_000);
        let scores = self.truth(landmark).into_iter().map(|(number, sum)| (player(number), sum)).collect();
        let is_open = |count: &&Count| count.epoch + 2 > self.epoch;
        let open = self.committed.iter().filter(is_open).map(|count| (count.id, count.epoch)).collect();
        Snapshot { epoch: self.epoch, landmark, scores, open }
    }

    async fn act(&mut self, sets: &impl Sets, board: &Board, act: &Act) {
        match act {
            Act::Write { owner, minutes } => {
                let (id, at) = (Uuid::now_v7(), Timestamp(NOW.0 + minutes * 60_000));
                self.writing.push(Count { id, epoch: self.epoch, player: player(*owner), at, weight: 1.0 });
            }
            Act::Commit(which) if !self.writing.is_empty() => {
                let count = self.writing.remove(which % self.writing.len());
                self.committed.push(count);
            }
            Act::Count(which) if !self.committed.is_empty() => {
                let count = self.committed[which % self.committed.len()];
                sets.count(board, &[count]).await.unwrap();
                self.counted.insert(count.id);
            }
            // The database lets no epoch end while anything of the one before is being written.
            Act::Tick if self.writing.iter().all(|count| count.epoch == self.epoch) => self.epoch += 1,
            Act::Begin(host, when) => {
                let lease = lease(*when);
                if sets.begin(board, &lease).await.unwrap() == Turn::Yours {
                    self.fillers[*host] = Some((lease, None));
                }
            }
            Act::TakeSnapshot(host) => {
                let snapshot = self.snapshot();
                if let Some((_, taken)) = &mut self.fillers[*host] {
                    *taken = Some(snapshot);
                }
            }
            Act::Fill(host) => {
                if let Some((lease, Some(snapshot))) = &self.fillers[*host] {
                    sets.fill(board, lease, snapshot).await.unwrap();
                    self.fillers[*host] = None;
                }
            }
            Act::Forget => {
                sets.forget(board).await.unwrap();
                self.is_forgetting = false;
            }
            // It waits for events of these videos that are being written.
            Act::Void(owner) if self.writing.iter().all(|count| count.player != player(*owner)) => {
                let gone = self.committed.iter().filter(|count| count.player == player(*owner));
                self.void.extend(gone.map(|count| count.id));
                self.is_forgetting = true;
            }
            Act::Commit(_) | Act::Count(_) | Act::Tick | Act::Void(_) => {}
        }
    }
}

async fn play(sets: &impl Sets, acts: &[Act]) -> Result<(), TestCaseError> {
    let board = Board::city(own_name());
    let mut world = World { epoch: 2, ..World::default() };
    for act in acts {
        world.act(sets, &board, act).await;
    }
    if world.is_forgetting {
        world.act(sets, &board, &Act::Forget).await;
    }
    // In the end each event was counted, before or now.
    let late = world.committed.iter().filter(|count| !world.counted.contains(&count.id));
    for count in late {
        sets.count(&board, &[*count]).await.unwrap();
    }
    let Some(part) = read(sets, &board).await else { return Ok(()) };
    let truth = world.truth(part.landmark);
    let counted: BTreeMap<_, _> =
        part.standings.iter().map(|standing| (standing.player.as_u128(), standing.score)).collect();
    for (number, sum) in &truth {
        let found = counted.get(number).copied().unwrap_or(0.0);
        prop_assert!((found - sum).abs() <= 1e-9 * sum.abs(), "player {number}: counted {found}, true {sum}");
    }
    prop_assert!(counted.keys().all(|number| truth.contains_key(number)), "{counted:?} of {truth:?}");
    Ok(())
}

fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| Runtime::new().unwrap())
}

fn redis() -> &'static RedisSets {
    static SETS: OnceLock<RedisSets> = OnceLock::new();
    SETS.get_or_init(|| runtime().block_on(redis_sets()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn in_memory_no_interleaving_loses_or_doubles_an_event(acts in prop::collection::vec(act(), 1..120)) {
        runtime().block_on(play(&MemorySets::new(weights()), &acts))?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn in_redis_no_interleaving_loses_or_doubles_an_event(acts in prop::collection::vec(act(), 1..120)) {
        runtime().block_on(play(redis(), &acts))?;
    }
}
