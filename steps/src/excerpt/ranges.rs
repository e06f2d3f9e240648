//! The ranges of a file that are needed.

use std::{iter::successors, ops::Range};

use super::PIECE_BYTES;

/// Ranges that are nearer than this are fetched as one: a request costs more than so many bytes.
const GAP_BYTES_MAX: u64 = 16 << 10;
/// The most ranges that are gathered; a file that needs more is not laid out to be read in part.
const RANGES_MAX: usize = 1 << 16;
/// The most requests that are made instead of one for all.
const REQUESTS_MAX: usize = 512;

/// Ranges of a file, in the order in which they were found to be needed.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Ranges(Vec<Range<u64>>);

impl Ranges {
    /// Adds one; `None` if there are too many.
    pub(super) fn add(&mut self, range: &Range<u64>) -> Option<()> {
        let is_full = self.0.len() == RANGES_MAX;
        match self.0.last_mut() {
            Some(last) if last.end == range.start => last.end = range.end,
            _ if is_full => return None,
            _ => self.0.push(range.clone()),
        }
        Some(())
    }

    /// In the order of the file, near ones joined; `None` where it is better to fetch all of it.
    pub(super) fn worthwhile(mut self, file_bytes: u64) -> Option<Vec<Range<u64>>> {
        self.0.sort_unstable_by_key(|range| range.start);
        let mut joined: Vec<Range<u64>> = Vec::new();
        for range in self.0 {
            match joined.last_mut() {
                Some(last) if range.start <= last.end.saturating_add(GAP_BYTES_MAX) => {
                    last.end = last.end.max(range.end);
                }
                _ => joined.push(range),
            }
        }
        let bytes: u64 = joined.iter().map(|range| range.end - range.start).sum();
        (joined.len() <= REQUESTS_MAX && bytes <= file_bytes / 2).then_some(joined)
    }
}

/// A range in parts that one request may ask for.
pub(super) fn pieces(range: Range<u64>) -> impl Iterator<Item = Range<u64>> {
    let piece = move |start: u64| (start < range.end).then(|| start..range.end.min(start.saturating_add(PIECE_BYTES)));
    successors(piece(range.start), move |before| piece(before.end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(ranges: &[Range<u64>]) -> Ranges {
        let mut all = Ranges::default();
        for range in ranges {
            all.add(range).unwrap();
        }
        all
    }

    #[test]
    fn ranges_that_are_near_are_one() {
        let ranges = of(&[900_000..900_010, 0..10, 10..20, 5..8, 30..40]);

        assert_eq!(ranges.worthwhile(10_000_000), Some(vec![0..40, 900_000..900_010]));
    }

    #[test]
    fn what_needs_most_of_a_file_is_not_worthwhile() {
        let halves = [0..25, 900_000..900_025];

        assert_eq!(of(&halves).worthwhile(99), None);
        assert_eq!(of(&halves).worthwhile(100), Some(halves.to_vec()));
    }

    #[test]
    fn what_needs_a_thousand_requests_is_not_worthwhile() {
        let scattered: Vec<_> = (0..1000).map(|n| n * 1_000_000..n * 1_000_000 + 10).collect();

        assert_eq!(of(&scattered).worthwhile(1_000_000_000), None);
    }

    #[test]
    fn pieces_make_up_their_range() {
        let range = 7..2 * PIECE_BYTES + 8;

        let all: Vec<_> = pieces(range.clone()).collect();

        assert_eq!((all.len(), all[0].start, all[2].end), (3, range.start, range.end));
        assert!(all.windows(2).all(|two| two[0].end == two[1].start));
        assert_eq!(pieces(5..5).count(), 0);
    }
}
