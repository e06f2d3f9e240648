//! Reads boards: from the sets, and where they are cold or away, from the database.

use std::{
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, SystemTime},
};

use futures::future::join_all;
use stagemark::{Timestamp, ports::AcceleratorError};
use stagemark_contest_records::Records;
use stagemark_redis::{Redis, RedisError};
use tokio::{
    sync::Semaphore,
    time::{Instant, sleep},
};
use uuid::Uuid;

use crate::{
    Board, Event, MemorySets, Options, RecordsSource, RedisSets, Standing, Window,
    distrust::Distrust,
    flights::Flights,
    order::Order,
    ports::{Lease, Part, Sets, SetsError, Source, SourceError, Turn, When},
};

/// How often a host looks whether another has made a board.
const LOOK: Duration = Duration::from_millis(20);
/// How often a board that was warm a moment ago and is cold again is tried.
const ROUNDS: u32 = 3;

/// The leaderboards; clones are the same.
#[derive(Clone, Debug)]
pub struct Rankings {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    sets: Arc<dyn Sets>,
    source: Arc<dyn Source>,
    options: Options,
    distrust: Distrust,
    flights: Flights<Result<Made, RankingError>>,
    computing: Semaphore,
    computations: AtomicU64,
}

/// A part of a board as it is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// The players, best first, with their scores at the time of reading.
    pub standings: Vec<Standing>,
    /// How many players there are on the board.
    pub total: u32,
    /// Where it was read.
    pub origin: Origin,
}

/// Where a board was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// In the sets.
    Cache,
    /// In the database.
    Database,
}

/// Why a ranking cannot be told.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RankingError {
    /// The database is away.
    #[error("the ranking {board} cannot be computed; try again later")]
    Source {
        /// The board.
        board: Board,
        /// Why.
        #[source]
        source: Arc<SourceError>,
    },
    /// The host stops.
    #[error("the computation of the ranking {board} was broken off; try again later")]
    BrokenOff {
        /// The board.
        board: Board,
    },
}

/// A board that was made.
#[derive(Clone)]
enum Made {
    /// It is in the sets.
    InSets,
    /// It was computed here.
    Here(Arc<Order>),
}

impl Rankings {
    /// Boards in these sets, made from this source.
    pub fn new(sets: Arc<dyn Sets>, source: Arc<dyn Source>, options: Options) -> Self {
        let distrust = Distrust::new(Arc::clone(&sets), options.pause);
        let (computing, computations) = (Semaphore::new(options.computing_max), AtomicU64::new(0));
        let flights = Flights::default();
        Self { inner: Arc::new(Inner { sets, source, options, distrust, flights, computing, computations }) }
    }

    /// Boards of these tables: in the Redis of this URL, where all hosts see them, or else in this process.
    ///
    /// # Errors
    /// If the URL is none of a Redis, or another server answers there. One that is away is connected to later.
    pub async fn open(redis: Option<&str>, records: Records, options: Options) -> Result<Self, RedisError> {
        let redis = match redis {
            Some(url) => Some(Redis::connect(url).await?),
            None => None,
        };
        Ok(Self::of(redis, records, options))
    }

    /// Boards of these tables: in this Redis, or else in this process.
    pub fn of(redis: Option<Redis>, records: Records, options: Options) -> Self {
        let weights = options.weights;
        let sets: Arc<dyn Sets> = match redis {
            Some(redis) => Arc::new(RedisSets::new(redis, weights)),
            None => Arc::new(MemorySets::new(weights)),
        };
        Self::new(sets, Arc::new(RecordsSource::new(records, weights)), options)
    }

    /// A part of a board: from the sets if it is warm; else it is made, by one request in the fleet, while others wait.
    /// Where the sets are away it is computed from the database: slower, and as right.
    pub async fn view(&self, board: &Board, window: Window) -> Result<View, RankingError> {
        for _ in 0..ROUNDS {
            if let Some(part) = self.inner.read(board, window).await {
                return Ok(self.shown(part, Origin::Cache));
            }
            if let Made::Here(order) = self.made(board).await? {
                return Ok(self.shown(order.part(window), Origin::Database));
            }
        }
        // It is forgotten as fast as it is made.
        let order = self.inner.compute(board).await?.1;
        Ok(self.shown(order.part(window), Origin::Database))
    }

    /// Counts events that were committed to the database. It does not fail: where they cannot be counted, the boards
    /// that miss them are made anew.
    ///
    /// This host believes none of them meanwhile. Another that reaches the sets while this one does not may show them
    /// until this one is connected again or, should it never be, until the next consolidation.
    pub async fn count(&self, events: &[Event]) {
        if let Err(error) = self.inner.count_all(events).await {
            tracing::debug!(error = &error as &dyn Error, "events are not on the boards yet");
        }
    }

    /// Counts events that may have been counted already.
    ///
    /// # Errors
    /// If the sets are away; the boards are made anew, as after [`count`](Self::count).
    pub async fn count_again(&self, events: &[Event]) -> Result<(), SetsError> {
        self.inner.count_all(events).await
    }

    /// Makes a board anew from the database, whether or not it is warm; it can be read all the while. Gives `false` if
    /// another host is at it.
    ///
    /// # Errors
    /// If the database or the sets are away.
    pub async fn refresh(&self, board: &Board) -> Result<bool, Box<dyn Error + Send + Sync>> {
        let inner = &self.inner;
        if !inner.distrust.clear(board).await {
            return Err("the sets of the rankings do not answer".into());
        }
        let lease = inner.lease(When::Always);
        if inner.sets.begin(board, &lease).await? != Turn::Yours {
            return Ok(false);
        }
        inner.fill(board, &lease).await?;
        Ok(true)
    }

    /// Makes a board cold: the next who reads it has it made anew. Where the sets are away that is done when they are
    /// back, and the board is not believed before.
    ///
    /// # Errors
    /// If the sets are away.
    pub async fn forget(&self, board: &Board) -> Result<(), SetsError> {
        self.inner.sets.forget(board).await.inspect_err(|error| self.inner.lost(board, error))
    }

    /// Makes boards cold after a video was removed: its player's city, and all. As [`forget`](Self::forget), but there is
    /// nothing that the caller must do where the sets are away.
    pub async fn removed(&self, city: &str) {
        for board in [Board::city(city), Board::Global] {
            if let Err(error) = self.forget(&board).await {
                tracing::debug!(%board, error = &error as &dyn Error, "a board is made cold later");
            }
        }
    }

    /// How often a board was computed from the database by this host.
    pub fn computations(&self) -> u64 {
        self.inner.computations.load(Relaxed)
    }

    async fn made(&self, board: &Board) -> Result<Made, RankingError> {
        let compute = || {
            let (inner, board) = (Arc::clone(&self.inner), board.clone());
            async move { inner.make(&board).await }
        };
        let made = self.inner.flights.join(board, compute).await;
        made.unwrap_or_else(|| Err(RankingError::BrokenOff { board: board.clone() }))
    }

    fn shown(&self, part: Part, origin: Origin) -> View {
        let divisor = self.inner.options.weights.growth(part.landmark, now());
        let mut standings = part.standings;
        for standing in &mut standings {
            standing.score /= divisor;
        }
        View { standings, total: part.total, origin }
    }
}

impl Inner {
    /// Reads the sets; none if the board is cold, not to be believed, or away.
    async fn read(&self, board: &Board, window: Window) -> Option<Part> {
        if self.distrust.is_away() || !self.distrust.clear(board).await {
            return None;
        }
        self.sets.read(board, window).await.unwrap_or_else(|error| {
            self.lost(board, &error);
            None
        })
    }

    async fn count_all(&self, events: &[Event]) -> Result<(), SetsError> {
        if events.is_empty() {
            return Ok(());
        }
        let mut boards: Vec<_> = events.iter().map(|event| Board::City(Arc::clone(&event.city))).collect();
        boards.sort_unstable();
        boards.dedup();
        boards.push(Board::Global);
        let counted = join_all(boards.iter().map(|board| self.count(board, events))).await;
        counted.into_iter().collect()
    }

    async fn count(&self, board: &Board, events: &[Event]) -> Result<(), SetsError> {
        let here = |event: &&Event| match board {
            Board::Global => true,
            Board::City(city) => *city == event.city,
        };
        let counts: Vec<_> = events.iter().filter(here).map(|event| event.count(&self.options.weights)).collect();
        if self.distrust.is_away() {
            self.distrust.mark(board);
            let source = AcceleratorError::new("counting on a board", "a moment ago nothing was heard of it");
            return Err(SetsError { board: board.clone(), source });
        }
        self.sets.count(board, &counts).await.inspect_err(|error| self.lost(board, error))
    }

    fn lost(&self, board: &Board, error: &(dyn Error + 'static)) {
        if !self.distrust.is_away() {
            tracing::warn!(%board, error, "rankings are read from the database for now");
        }
        self.distrust.pause();
        self.distrust.mark(board);
    }

    fn lease(&self, when: When) -> Lease {
        let Options { lease, time_to_live, .. } = self.options;
        Lease { token: Uuid::now_v7(), lasts: lease, time_to_live, when }
    }

    /// Makes a board if it is this host's turn, and waits for it if it is another's.
    async fn make(&self, board: &Board) -> Result<Made, RankingError> {
        let (lease, give_up) = (self.lease(When::Cold), Instant::now() + self.options.patience);
        while !self.distrust.is_away() {
            match self.sets.begin(board, &lease).await {
                Ok(Turn::Warm) => return Ok(Made::InSets),
                Ok(Turn::Yours) => return self.fill(board, &lease).await.map(Made::Here),
                Ok(Turn::Another) if Instant::now() < give_up => sleep(LOOK).await,
                Ok(Turn::Another) => break,
                Err(error) => self.lost(board, &error),
            }
        }
        Ok(Made::Here(self.compute(board).await?.1))
    }

    async fn fill(&self, board: &Board, lease: &Lease) -> Result<Arc<Order>, RankingError> {
        let computed = self.compute(board).await;
        let stored = match &computed {
            Ok((snapshot, _)) => self.sets.fill(board, lease, snapshot).await.map(|filled| {
                if !filled {
                    tracing::debug!(%board, "a board was made cold while it was filled");
                }
            }),
            Err(_) => self.sets.give_up(board, lease).await,
        };
        if let Err(error) = stored {
            self.lost(board, &error);
        }
        computed.map(|(_, order)| order)
    }

    async fn compute(&self, board: &Board) -> Result<(crate::Snapshot, Arc<Order>), RankingError> {
        // It is never closed.
        let _permit = self.computing.acquire().await;
        self.computations.fetch_add(1, Relaxed);
        metrics::counter!("contest_rankings_computed_total").increment(1);
        let snapshot = self.source.snapshot(board).await;
        let failed = |source| RankingError::Source { board: board.clone(), source: Arc::new(source) };
        let snapshot = snapshot.map_err(failed)?;
        let order = Arc::new(Order::new(snapshot.landmark, &snapshot.scores));
        Ok((snapshot, order))
    }
}

pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
