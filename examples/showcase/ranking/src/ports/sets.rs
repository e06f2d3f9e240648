//! Where boards are kept, ready to be read.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use stagemark::{Timestamp, ports::AcceleratorError};
use uuid::Uuid;

use crate::{Board, Count, Snapshot, Standing, Window};

/// Boards, each warm or cold. They may be forgotten at any moment: the database has what they are made of.
#[async_trait]
pub trait Sets: fmt::Debug + Send + Sync + 'static {
    /// A part of a board, best first; none if the board is cold.
    async fn read(&self, board: &Board, window: Window) -> Result<Option<Part>, SetsError>;

    /// Counts events on a warm board, each once, by its id; those that its snapshot had are left out. For one who fills
    /// the board meanwhile they are noted. On a cold board nothing is done: its snapshot will have them.
    ///
    /// An event so old that it is not known any more whether it was counted makes the board cold.
    async fn count(&self, board: &Board, counts: &[Count]) -> Result<(), SetsError>;

    /// Whether this board is to be filled by who asks: of many that ask, one is told so, until it fills, gives up, or
    /// its lease is over. The snapshot is to be taken after this.
    async fn begin(&self, board: &Board, lease: &Lease) -> Result<Turn, SetsError>;

    /// Fills a board, with the snapshot and with what was counted since the lease began and is not in it. It stays warm
    /// for the time to live.
    ///
    /// It is refused, by `false`, if the lease is over or the board was made cold after it began.
    async fn fill(&self, board: &Board, lease: &Lease, snapshot: &Snapshot) -> Result<bool, SetsError>;

    /// Gives up filling.
    async fn give_up(&self, board: &Board, lease: &Lease) -> Result<(), SetsError>;

    /// Makes a board cold, and refuses those who fill it now: what they have read may be older than this.
    async fn forget(&self, board: &Board) -> Result<(), SetsError>;
}

/// A part of a board.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Part {
    /// The players, best first, with sums relative to the landmark as scores.
    pub standings: Vec<Standing>,
    /// How many players there are on the board.
    pub total: u32,
    /// What sums are relative to.
    pub landmark: Timestamp,
}

/// The right to fill a board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Tells it from all others.
    pub token: Uuid,
    /// How long it lasts.
    pub lasts: Duration,
    /// How long the board stays warm.
    pub time_to_live: Duration,
    /// When there is anything to fill.
    pub when: When,
}

/// When a board is to be filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// If it is cold.
    Cold,
    /// Also if it is warm: it can be read and counted on until it is replaced.
    Always,
}

/// Whose turn it is to fill a board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// That of who asked.
    Yours,
    /// That of another, who is at it.
    Another,
    /// Nobody's: the board is warm.
    Warm,
}

/// Why nothing is known of a board. What was asked may have been done all the same.
#[derive(Debug, thiserror::Error)]
#[error("the sets of the ranking {board} did not answer")]
pub struct SetsError {
    /// The board.
    pub board: Board,
    /// What the service said.
    #[source]
    pub source: AcceleratorError,
}
