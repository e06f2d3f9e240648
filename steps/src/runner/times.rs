//! When the pictures of a track of an MP4 are shown, by its own tables.

use crate::FrameRate;

/// How often a number stands in a table, and the number.
type Count<N> = (u32, N);

/// When the pictures of a track are shown: how long each is the next to be decoded, and how much later it is shown.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Times {
    pub(crate) ticks_a_second: u32,
    lengths: Vec<Count<u32>>,
    delays: Vec<Count<i32>>,
}

impl Times {
    /// From the bodies of `stts` and, where pictures are not decoded in the order in which they are shown, `ctts`.
    pub(super) fn of(ticks_a_second: u32, stts: &[u8], ctts: &[u8]) -> Self {
        let lengths = entries(stts).map(|[count, length]| (u32::from_be_bytes(count), u32::from_be_bytes(length)));
        let delays = entries(ctts).map(|[count, delay]| (u32::from_be_bytes(count), i32::from_be_bytes(delay)));
        Self { ticks_a_second, lengths: lengths.collect(), delays: delays.collect() }
    }

    /// Whether so many ticks are the time of one picture at this rate, exactly.
    pub(crate) fn is_frame(&self, ticks: i64, rate: FrameRate) -> bool {
        rate.is_frame(ticks, self.ticks_a_second)
    }

    /// The ticks from each picture to the next, in the order in which they are shown; of the first so many pictures.
    pub(crate) fn steps(&self, frames: usize) -> Vec<i64> {
        let lengths = self.lengths.iter().flat_map(|(count, length)| std::iter::repeat_n(length, *count as usize));
        let delays = self.delays.iter().flat_map(|(count, delay)| std::iter::repeat_n(*delay, *count as usize));
        let mut decoded = 0_i64;
        let mut shown: Vec<i64> = lengths
            .zip(delays.chain(std::iter::repeat(0)))
            .take(frames)
            .map(|(length, delay)| {
                let shown = decoded + i64::from(delay);
                decoded += i64::from(*length);
                shown
            })
            .collect();
        shown.sort_unstable();
        shown.windows(2).map(|two| two[1] - two[0]).collect()
    }
}

/// The entries of a table, of two numbers each.
fn entries(body: &[u8]) -> impl Iterator<Item = [[u8; 4]; 2]> {
    let (eights, _) = body.get(8..).unwrap_or_default().as_chunks::<8>();
    eights.iter().map(|[a, b, c, d, e, f, g, h]| [[*a, *b, *c, *d], [*e, *f, *g, *h]])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(entries: &[[u32; 2]]) -> Vec<u8> {
        let numbers = entries.iter().flatten().flat_map(|number| number.to_be_bytes());
        [0; 8].into_iter().chain(numbers).collect()
    }

    #[test]
    fn pictures_that_are_decoded_in_another_order_come_evenly() {
        let times = Times::of(1000, &table(&[[4, 40]]), &table(&[[1, 40], [1, 120], [1, 40], [1, 0]]));

        // They are shown at 40, 160, 120 and 120: one of them is lost, and another comes twice.
        assert_eq!(times.steps(4), [80, 0, 40]);
    }

    #[test]
    fn no_more_are_counted_than_asked_for() {
        let times = Times::of(1000, &table(&[[u32::MAX, 40]]), &[]);

        assert_eq!(times.steps(3), [40, 40]);
    }
}
