//! Boards that counted along equal those that are made of the database, and both equal what was written.

use std::{collections::HashMap, sync::Arc, time::Duration};

use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use stagemark::{Artifact, Attempt, Engine, MemoryArtifacts, Step, Timestamp};
use stagemark_contest_contract::{CONSOLIDATE, CacheScope, Published, PublishedSprites, Tick, WARM, Warm};
use stagemark_contest_lists::Latest;
use stagemark_contest_ranking::{
    Board, Event, MemorySets, Options, Origin, Rankings, RecordsSource, TallyError, intake,
    ports::{Part, Sets, Source},
    steps::{Consolidate, Refresh, RefreshRankings, WarmCaches, boards},
    tally,
};
use stagemark_contest_records::{
    Records,
    entity::{
        event::Kind,
        video::State::{Queued, Ready},
    },
    events::{self, NewEvent, counts_of},
};
use stagemark_sql::SqlStore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    fixture::{ALL, fill, redis_sets, weights},
    tables::Tables,
};

const CITIES: [&str; 3] = ["Berlin", "Lisbon", "Porto"];

fn now() -> Timestamp {
    let since = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
    Timestamp(u64::try_from(since.as_millis()).unwrap())
}

fn all_boards() -> impl Iterator<Item = Board> {
    CITIES.into_iter().map(Board::city).chain([Board::Global])
}

async fn take(records: &Records, new: &[NewEvent]) -> intake::Taken {
    let transaction = records.begin().await.unwrap();
    let taken = intake::take(&transaction, new).await.unwrap();
    transaction.commit().await.unwrap();
    taken
}

/// Tallies some events and ends the epoch; nothing, if others are at it.
async fn consolidate(records: &Records, limit: u64) -> u64 {
    let transaction = records.begin().await.unwrap();
    let tallied = match tally(&transaction, &weights(), now(), limit).await {
        Ok(tallied) => tallied,
        Err(TallyError::Busy) => return 0,
        Err(error) => panic!("{error:?}"),
    };
    events::end_epoch(&transaction).await.unwrap();
    transaction.commit().await.unwrap();
    tallied
}

/// What is on a board, relative to one time.
fn sums(part: &Part, landmark: Timestamp) -> HashMap<Uuid, f64> {
    let growth = weights().growth(landmark, part.landmark);
    part.standings.iter().map(|standing| (standing.player, standing.score * growth)).collect()
}

fn assert_equal(one: &HashMap<Uuid, f64>, other: &HashMap<Uuid, f64>, what: &str) {
    let players = one.keys().chain(other.keys());
    for player in players {
        let [a, b] = [one, other].map(|sums| sums.get(player).copied().unwrap_or(0.0));
        assert!((a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1e-3), "{what}: {a} and {b} of {player}");
    }
}

/// A contest in which much happens, as its events were taken.
struct Contest {
    tables: Tables,
    sets: Arc<dyn Sets>,
    rankings: Rankings,
    source: RecordsSource,
    videos: Vec<Uuid>,
    /// The times of likes.
    likes: Vec<(Uuid, i64)>,
    taken: Vec<(Uuid, Event)>,
    late: Vec<Event>,
}

impl Contest {
    async fn begin(tables: Tables, sets: Arc<dyn Sets>) -> Self {
        let source = RecordsSource::new(tables.records.clone(), weights());
        let rankings = Rankings::new(sets.clone(), Arc::new(source.clone()), Options::new(weights()));
        let mut videos = Vec::new();
        for number in 0..6 {
            let player = tables.add_player(&format!("Player {number}"), CITIES[number % 3]).await;
            for _ in 0..3 {
                videos.push(tables.add_video(player, Ready).await);
            }
        }
        Self { tables, sets, rankings, source, videos, likes: Vec::new(), taken: Vec::new(), late: Vec::new() }
    }

    /// Something happens.
    async fn go_on(&mut self, random: &mut StdRng) {
        match random.random_range(0..100) {
            0..50 => self.watch(random).await,
            50..65 => self.like(random).await,
            65..73 => self.unlike(random).await,
            73..85 if !self.late.is_empty() => {
                // Some are counted late, and twice.
                let event = self.late.swap_remove(random.random_range(0..self.late.len()));
                self.rankings.count(&[event.clone(), event]).await;
            }
            85..90 => drop(consolidate(&self.tables.records, random.random_range(1..40)).await),
            90..98 => {
                for board in all_boards() {
                    self.rankings.view(&board, ALL).await.unwrap();
                }
            }
            98 if self.videos.len() > 9 => {
                let video = self.videos.swap_remove(random.random_range(0..self.videos.len()));
                self.tables.remove_video(video).await;
                self.likes.retain(|(liked, _)| *liked != video);
                self.taken.retain(|(of, _)| *of != video);
                for city in CITIES {
                    self.rankings.removed(city).await;
                }
            }
            _ => drop(self.rankings.refresh(&Board::Global).await.unwrap()),
        }
    }

    async fn took(&mut self, random: &mut StdRng, video: Uuid, events: Vec<Event>) {
        self.taken.extend(events.iter().map(|event| (video, event.clone())));
        if random.random_bool(0.5) {
            self.rankings.count(&events).await;
        } else {
            self.late.extend(events);
        }
    }

    async fn watch(&mut self, random: &mut StdRng) {
        let video = *self.videos.choose(random).unwrap();
        let at = i64::try_from(now().0).unwrap() - random.random_range(0..5_000_000);
        let kind = if random.random_bool(0.5) { Kind::View } else { Kind::Watch };
        let watch_ms = if kind == Kind::Watch { random.random_range(0..600_000) } else { 0 };
        let event = NewEvent { id: Uuid::now_v7(), video, kind, watch_ms, at };
        // Sent twice at once, and once more.
        let taken = take(&self.tables.records, &[event, event]).await;
        assert_eq!((taken.events.len(), taken.repeated), (1, 1));
        assert_eq!(take(&self.tables.records, &[event]).await.repeated, 1);
        self.took(random, video, taken.events).await;
    }

    async fn like(&mut self, random: &mut StdRng) {
        let video = *self.videos.choose(random).unwrap();
        let at = i64::try_from(now().0).unwrap();
        let transaction = self.tables.records.begin().await.unwrap();
        let events = intake::liked(&transaction, video, at).await.unwrap();
        transaction.commit().await.unwrap();
        self.likes.push((video, at));
        self.took(random, video, events).await;
    }

    async fn unlike(&mut self, random: &mut StdRng) {
        if self.likes.is_empty() {
            return;
        }
        let (video, at) = self.likes.swap_remove(random.random_range(0..self.likes.len()));
        let transaction = self.tables.records.begin().await.unwrap();
        let events = intake::unliked(&transaction, video, at).await.unwrap();
        transaction.commit().await.unwrap();
        self.took(random, video, events).await;
    }

    /// What was taken and not removed, by itself.
    fn truth(&self, board: &Board, landmark: Timestamp) -> HashMap<Uuid, f64> {
        let mut sums = HashMap::new();
        let here = |event: &&Event| *board == Board::Global || *board == Board::city(event.city.clone());
        for event in self.taken.iter().map(|(_, event)| event).filter(here) {
            *sums.entry(event.player).or_insert(0.0) += weights().of(event.kind) * weights().growth(landmark, event.at);
        }
        sums
    }

    async fn assert_all_equal(&mut self) {
        self.rankings.count(&std::mem::take(&mut self.late)).await;
        let mut warm = 0;
        for board in all_boards() {
            let rebuilt = MemorySets::new(weights());
            fill(&rebuilt, &board, &self.source.snapshot(&board).await.unwrap()).await;
            let rebuilt = rebuilt.read(&board, ALL).await.unwrap().unwrap();
            let landmark = rebuilt.landmark;
            let truth = self.truth(&board, landmark);
            assert_equal(&sums(&rebuilt, landmark), &truth, "in the database");
            if let Some(counted) = self.sets.read(&board, ALL).await.unwrap() {
                assert_equal(&sums(&counted, landmark), &truth, "in the sets");
                warm += 1;
            }
        }
        assert!(warm > 0 || self.taken.is_empty(), "no board had counted along");
    }
}

async fn rebuilt_equals_counted(tables: Tables, sets: Arc<dyn Sets>, seed: u64) {
    let mut contest = Contest::begin(tables, sets).await;
    let mut random = StdRng::seed_from_u64(seed);
    for _ in 0..6 {
        for board in all_boards() {
            contest.rankings.view(&board, ALL).await.unwrap();
        }
        for _ in 0..60 {
            contest.go_on(&mut random).await;
        }
        for board in all_boards() {
            contest.rankings.view(&board, ALL).await.unwrap();
        }
        contest.assert_all_equal().await;
    }
    let likes = counts_of(contest.tables.records.reader(), &contest.videos).await.unwrap();
    assert_eq!(likes.values().map(|counts| counts.likes).sum::<i64>(), i64::try_from(contest.likes.len()).unwrap());
}

#[tokio::test]
async fn rebuilt_from_sqlite_boards_in_memory_equal_those_that_counted_along() {
    for seed in 0..3 {
        rebuilt_equals_counted(Tables::in_sqlite().await, Arc::new(MemorySets::new(weights())), seed).await;
    }
}

#[tokio::test]
async fn rebuilt_from_postgres_boards_in_redis_equal_those_that_counted_along() {
    for seed in 10..13 {
        rebuilt_equals_counted(Tables::in_postgres().await, Arc::new(redis_sets().await), seed).await;
    }
}

/// Hosts that write and count, while others fill boards and end epochs, all at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_hosts_that_write_at_once_no_event_is_lost_or_doubled() {
    let mut contest = Contest::begin(Tables::in_postgres().await, Arc::new(redis_sets().await)).await;
    let stop = CancellationToken::new();
    let mut writers = JoinSet::new();
    for writer in 0..6 {
        let (records, rankings, videos) =
            (contest.tables.records.clone(), contest.rankings.clone(), contest.videos.clone());
        writers.spawn(async move {
            let mut random = StdRng::seed_from_u64(writer);
            let mut all = Vec::new();
            for _ in 0..40 {
                let at = i64::try_from(now().0).unwrap();
                let event = |video| NewEvent { id: Uuid::now_v7(), video, kind: Kind::View, watch_ms: 0, at };
                let new: Vec<_> = videos.choose_multiple(&mut random, 5).map(|video| event(*video)).collect();
                let taken = take(&records, &new).await;
                assert_eq!(taken.events.len(), 5);
                rankings.count(&taken.events).await;
                all.extend(taken.events);
            }
            all
        });
    }
    let mut others = JoinSet::new();
    others.spawn({
        let (records, stop) = (contest.tables.records.clone(), stop.clone());
        async move {
            while !stop.is_cancelled() {
                consolidate(&records, 50).await;
            }
        }
    });
    others.spawn({
        let (rankings, stop) = (contest.rankings.clone(), stop.clone());
        async move {
            while !stop.is_cancelled() {
                rankings.view(&Board::Global, ALL).await.unwrap();
                rankings.refresh(&Board::Global).await.unwrap();
            }
        }
    });
    let written = writers.join_all().await;
    stop.cancel();
    others.join_all().await;

    contest.taken = written.into_iter().flatten().map(|event| (Uuid::nil(), event)).collect();
    assert_eq!(contest.taken.len(), 1_200);
    contest.assert_all_equal().await;
}

#[tokio::test]
async fn the_workflows_tally_events_count_those_that_were_missed_and_warm_boards() {
    for tables in [Tables::in_sqlite().await, Tables::in_postgres().await] {
        let contest = Contest::begin(tables, Arc::new(MemorySets::new(weights()))).await;
        let (records, rankings) = (contest.tables.records.clone(), contest.rankings.clone());
        let refresh = RefreshRankings::new(records.clone(), rankings.clone());
        let latest = Latest::of(None, records.clone());
        let consolidate = Consolidate::new(records.clone(), weights());
        let engine = Engine::builder(SqlStore::open(&contest.tables.url).await.unwrap())
            .serve(CONSOLIDATE.define(|tick| tick.then(consolidate).then(refresh)))
            .serve(WARM.define(|warm| warm.then(WarmCaches::new(rankings.clone(), latest.clone()))))
            .start()
            .await
            .unwrap();
        let warm = Warm { scope: CacheScope::All, invalidate: false };
        engine.submit(WARM, warm).await.unwrap().result().await.unwrap();
        for board in boards() {
            assert_eq!(rankings.view(&board, ALL).await.unwrap().origin, Origin::Cache, "{board}");
        }
        assert_eq!(latest.part(None, 100).await.unwrap().unwrap().cards.len(), 18);
        assert_eq!(latest.readings(), 1);
        // Its host dies before it counts.
        let at = i64::try_from(now().0).unwrap();
        let new = NewEvent { id: Uuid::now_v7(), video: contest.videos[0], kind: Kind::View, watch_ms: 0, at };
        take(&records, &[new]).await;
        assert_eq!(rankings.view(&Board::Global, ALL).await.unwrap().total, 0);

        let mut tallied = 0;
        for at_ms in 0..3 {
            let run = engine.submit(CONSOLIDATE, Tick { at_ms }).await.unwrap();
            tallied += run.result().await.unwrap().events;
        }

        assert_eq!(tallied, 1);
        let view = rankings.view(&Board::Global, ALL).await.unwrap();
        assert_eq!((view.total, view.origin), (1, Origin::Cache));
        engine.shutdown(Duration::from_secs(5)).await;
    }
}

#[tokio::test]
async fn events_of_videos_that_cannot_be_watched_are_not_taken() {
    for tables in [Tables::in_sqlite().await, Tables::in_postgres().await] {
        let player = tables.add_player("Ada", "Berlin").await;
        let [queued, gone] = [tables.add_video(player, Queued).await, tables.add_video(player, Ready).await];
        tables.remove_video(gone).await;
        let event = |video| NewEvent { id: Uuid::now_v7(), video, kind: Kind::View, watch_ms: 0, at: 1 };

        let taken = take(&tables.records, &[event(queued), event(gone), event(Uuid::now_v7())]).await;

        assert_eq!(taken, intake::Taken::default());
    }
}

#[tokio::test]
async fn what_came_in_of_a_video_is_on_the_boards_once_however_often_it_is_refreshed() {
    for tables in [Tables::in_sqlite().await, Tables::in_postgres().await] {
        let contest = Contest::begin(tables, Arc::new(MemorySets::new(weights()))).await;
        let (records, rankings) = (contest.tables.records.clone(), contest.rankings.clone());
        assert_eq!(rankings.view(&Board::Global, ALL).await.unwrap().total, 0);
        // Their host dies before it counts; the other video is refreshed by its own run.
        let at = i64::try_from(now().0).unwrap();
        let view = |video| NewEvent { id: Uuid::now_v7(), video, kind: Kind::View, watch_ms: 0, at };
        take(&records, &[view(contest.videos[0]), view(contest.videos[9])]).await;

        let (refresh, artifacts) =
            (Refresh::new(records.clone(), rankings.clone(), Latest::of(None, records)), MemoryArtifacts::new());
        let attempt = Attempt::standalone(Arc::new(artifacts), std::env::temp_dir(), CancellationToken::new());
        for _ in 0..2 {
            refresh.run(&attempt, published(contest.videos[0])).await.unwrap();
        }

        let view = rankings.view(&Board::Global, ALL).await.unwrap();
        assert_eq!((view.total, view.origin), (1, Origin::Cache));
        assert!((view.standings[0].score - 1.0).abs() < 0.01, "{view:?}");
    }
}

fn published(video: Uuid) -> Published {
    let file = Artifact::new("x", 1);
    let (columns, rows, tile_width_px, tile_height_px, interval_ms, count) = (1, 1, 1, 1, 1, 1);
    let sheet = file.clone();
    let sprites = PublishedSprites { sheet, columns, rows, tile_width_px, tile_height_px, interval_ms, count };
    let (poster, preview) = (file.clone(), file.clone());
    Published { video, file, width_px: 1, height_px: 1, duration_ms: 1, poster, preview, sprites }
}
