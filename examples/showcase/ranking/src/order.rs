//! Players in the order of their sums.

use std::{cmp::Ordering, collections::HashMap};

use stagemark::Timestamp;
use uuid::Uuid;

use crate::{Standing, Window, ports::Part, score::SCORE_MIN};

/// Sums of players, kept in order.
///
/// Adding moves what lies between the old place and the new: quick for the tens of thousands that one process serves.
#[derive(Clone, Debug, Default)]
pub(crate) struct Order {
    landmark: Timestamp,
    /// Best first. Those with next to nothing are kept too, at the end: what is counted may come in any order.
    ranked: Vec<(f64, Uuid)>,
    sums: HashMap<Uuid, f64>,
}

impl Order {
    pub(crate) fn new(landmark: Timestamp, scores: &[(Uuid, f64)]) -> Self {
        let mut ranked: Vec<_> = scores.iter().map(|(player, sum)| (*sum, *player)).collect();
        ranked.sort_unstable_by(compare);
        Self { landmark, ranked, sums: scores.iter().copied().collect() }
    }

    pub(crate) fn landmark(&self) -> Timestamp {
        self.landmark
    }

    pub(crate) fn add(&mut self, player: Uuid, amount: f64) {
        let old = self.sums.get(&player).copied();
        if let Some(at) = old.and_then(|sum| self.place(sum, player).ok()) {
            self.ranked.remove(at);
        }
        let sum = old.unwrap_or(0.0) + amount;
        self.sums.insert(player, sum);
        let at = self.place(sum, player).unwrap_or_else(|at| at);
        self.ranked.insert(at, (sum, player));
    }

    fn place(&self, sum: f64, player: Uuid) -> Result<usize, usize> {
        self.ranked.binary_search_by(|other| compare(other, &(sum, player)))
    }

    pub(crate) fn part(&self, window: Window) -> Part {
        let total = self.ranked.partition_point(|(sum, _)| *sum > SCORE_MIN);
        let (first, end) = match window {
            Window::Page { offset, limit } => (offset as usize, (offset as usize).saturating_add(limit as usize)),
            Window::Around { player, radius } => {
                let place = self.sums.get(&player).and_then(|sum| self.place(*sum, player).ok());
                let radius = radius as usize;
                let around = |at: usize| (at.saturating_sub(radius), at.saturating_add(radius).saturating_add(1));
                place.filter(|at| *at < total).map_or((0, 0), around)
            }
        };
        let end = end.min(total);
        let shown = self.ranked.get(first.min(end)..end).unwrap_or_default();
        let standing = |(at, (score, player)): (usize, &(f64, Uuid))| Standing {
            rank: whole(first + at + 1),
            player: *player,
            score: *score,
        };
        let standings = shown.iter().enumerate().map(standing).collect();
        Part { standings, total: whole(total), landmark: self.landmark }
    }
}

fn whole(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// As Redis orders, from the end: by score, then by id, the greater first.
fn compare((sum, player): &(f64, Uuid), (other_sum, other): &(f64, Uuid)) -> Ordering {
    other_sum.total_cmp(sum).then_with(|| other.cmp(player))
}
