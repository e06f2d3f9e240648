//! What happened to a player's videos, as the database keeps it and as boards count it.
//!
//! Each event belongs to an **epoch**, a number that the database gives: the number of consolidations so far when the
//! event was written. Epochs end: once the number is n, all events of epochs up to n - 2 are committed, and no more will
//! ever be of them. That is what makes counting exact; see [`Snapshot`].

use std::sync::Arc;

use stagemark::Timestamp;
use uuid::Uuid;

use crate::{Kind, Weights};

/// Something that happened to a video, written to the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Tells it from all others: it is counted once.
    pub id: Uuid,
    /// The epoch that it was written in.
    pub epoch: u64,
    /// Whose video it is.
    pub player: Uuid,
    /// Where that player is from.
    pub city: Arc<str>,
    /// What happened.
    pub kind: Kind,
    /// When it happened, at most a moment ago; of an [`Unlike`](Kind::Unlike), when the like happened.
    pub at: Timestamp,
}

/// An event as a board counts it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Count {
    /// The event.
    pub id: Uuid,
    /// The epoch that it was written in.
    pub epoch: u64,
    /// Who gains by it, or loses.
    pub player: Uuid,
    /// When it happened.
    pub at: Timestamp,
    /// What it was worth then.
    pub weight: f64,
}

impl Event {
    pub(crate) fn count(&self, weights: &Weights) -> Count {
        let Self { id, epoch, player, at, .. } = *self;
        Count { id, epoch, player, at, weight: weights.of(self.kind) }
    }
}

/// What the database has for a board, at one moment.
///
/// An event that is counted after a board was filled from this is in it already if its epoch was
/// [closed](Self::closed), or if it is one of the open ones; else it was committed later, and is not in it. Nothing is
/// lost and nothing is doubled, however late counts and fills come.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    /// The number of consolidations so far.
    pub epoch: u64,
    /// What the sums are relative to: the time of the snapshot.
    pub landmark: Timestamp,
    /// Each player's sum.
    pub scores: Vec<(Uuid, f64)>,
    /// The events of this board, and their epochs, that are of no closed epoch; also those that are worth nothing any
    /// more since their video is gone.
    pub open: Vec<(Uuid, u64)>,
}

impl Snapshot {
    /// The last epoch of which all events were committed.
    pub fn closed(&self) -> u64 {
        self.epoch.saturating_sub(2)
    }
}
