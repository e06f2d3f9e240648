//! Where players stand.

use uuid::Uuid;

/// Which part of a board is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// From this many players below the first, this many.
    Page {
        /// How many better ones are left out.
        offset: u32,
        /// How many there are at most.
        limit: u32,
    },
    /// A player, with this many neighbours on each side; nobody, if that player is not on the board.
    Around {
        /// The player.
        player: Uuid,
        /// How many neighbours there are at most on each side.
        radius: u32,
    },
}

/// A player's place on a board.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Standing {
    /// The place, from 1. Players of one score are ranked by their ids, the greater first.
    pub rank: u32,
    /// Who stands there.
    pub player: Uuid,
    /// The score. What time it is for is told beside it.
    pub score: f64,
}
