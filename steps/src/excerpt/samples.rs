//! Which samples a cut needs, by the index alone.

use std::time::Duration;

use super::{
    Excerpt,
    boxes::Boxes,
    ranges::Ranges,
    tables::{Sample, Track},
};

/// How many of the first samples of each track are needed: by them ffmpeg learns how pictures are decoded, how many of
/// them wait for others, which colours they have. For what the index does not say it looks at 20 at most.
const OPENING: u64 = 24;
/// How many samples after the last are needed: a decoder gives its pictures only when some more have come, for each of
/// its threads and each picture that waits for others.
const CLOSING: u64 = 16;
/// How far ffmpeg may seek before the time asked for, and more: an eighth of a second where pictures wait for others.
const SLACK: Duration = Duration::from_millis(250);

/// The places of all samples that this excerpt needs, of a file with this `moov` and so many bytes; `None` if it is not
/// understood, or speaks of bytes that the file does not have.
pub(super) fn needed(moov: &[u8], file_bytes: u64, excerpt: Excerpt) -> Option<Ranges> {
    let moov = Boxes::of(moov)?;
    if moov.has("mvex") || moov.has("cmov") {
        return None;
    }
    let movie_ticks = moov.ticks_a_second("mvhd")?;
    let tracks: Vec<_> = moov.all("trak").map(|trak| Track::read(trak, movie_ticks)).collect::<Option<_>>()?;
    let mut pictures = tracks.iter().filter(|track| track.is_video());
    let (Some(picture), None) = (pictures.next(), pictures.next()) else { return None };
    let cut = Cut::of(picture, excerpt)?;
    let mut ranges = Ranges::default();
    for track in &tracks {
        let window = if track.is_video() { cut.pictures } else { cut.other(track)? };
        track.each(|number, sample| {
            if sample.place.end > file_bytes {
                return None;
            }
            let is_needed = number < OPENING || (window.0..=window.1 + CLOSING).contains(&number);
            if is_needed { ranges.add(&sample.place) } else { Some(()) }
        })?;
    }
    Some(ranges)
}

/// What is cut: which pictures, by their first and last numbers, and from when to when, in nanoseconds.
struct Cut {
    pictures: (u64, u64),
    from: i128,
    to: i128,
}

impl Cut {
    /// From the last key frame at or before the beginning to the last picture that is shown before the end.
    fn of(track: &Track<'_>, excerpt: Excerpt) -> Option<Self> {
        let mut begin = None;
        track.each(|_, sample| {
            if !sample.is_hidden {
                begin = Some(begin.map_or(sample.shown, |begin: i64| begin.min(sample.shown)));
            }
            Some(())
        })?;
        let start = nanos(track, begin.unwrap_or(0)) + signed(excerpt.start);
        let end = start + signed(excerpt.length);
        let (from_ticks, to_ticks) = (ticks(track, start - signed(SLACK)), ticks(track, end));
        let (mut first, mut last, mut at) = (0, 0, None);
        track.each(|number, sample| {
            let earliest = sample.shown.min(sample.decoded);
            if sample.is_key && i128::from(sample.shown) <= from_ticks {
                (first, at) = (number, Some(earliest));
            }
            at = at.or(Some(earliest));
            if i128::from(sample.shown) <= to_ticks {
                last = number;
            }
            Some(())
        })?;
        let from = nanos(track, at.unwrap_or(0)) - signed(SLACK);
        Some(Self { pictures: (first, last.max(first)), from, to: end + signed(SLACK) })
    }

    /// Which samples of another track are of the same time.
    fn other(&self, track: &Track<'_>) -> Option<(u64, u64)> {
        let (from, to) = (ticks(track, self.from), ticks(track, self.to));
        let (mut first, mut last) = (0, 0);
        track.each(|number, Sample { decoded, .. }| {
            if i128::from(decoded) <= from {
                first = number;
            }
            if i128::from(decoded) <= to {
                last = number;
            }
            Some(())
        })?;
        Some((first, last.max(first)))
    }
}

fn signed(time: Duration) -> i128 {
    time.as_nanos().try_into().unwrap_or(i128::MAX >> 1)
}

fn nanos(track: &Track<'_>, ticks: i64) -> i128 {
    i128::from(ticks) * 1_000_000_000 / i128::from(track.ticks_a_second)
}

fn ticks(track: &Track<'_>, nanos: i128) -> i128 {
    (nanos.saturating_mul(track.ticks_a_second.into())).div_euclid(1_000_000_000)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::assets::CLIP;

    const MIDDLE: Excerpt = Excerpt { start: Duration::from_secs(2), length: Duration::from_secs(1) };

    /// What is in the `moov` of the clip.
    fn index() -> Vec<u8> {
        let kind = CLIP.windows(4).position(|four| four == b"moov").unwrap();
        let size = u32::from_be_bytes(*CLIP[kind - 4..].first_chunk().unwrap());
        CLIP[kind + 4..kind - 4 + usize::try_from(size).unwrap()].to_vec()
    }

    fn bytes_of(moov: &[u8], excerpt: Excerpt) -> Option<u64> {
        let ranges = needed(moov, CLIP.len() as u64, excerpt)?.worthwhile(u64::MAX)?;
        assert!(ranges.iter().all(|range| range.start <= range.end && range.end <= CLIP.len() as u64));
        assert!(ranges.windows(2).all(|two| two[0].end < two[1].start));
        Some(ranges.iter().map(|range| range.end - range.start).sum())
    }

    #[test]
    fn the_longer_a_cut_the_more_is_needed_and_never_more_than_there_is() {
        let cut = |seconds| bytes_of(&index(), Excerpt { length: Duration::from_secs(seconds), ..MIDDLE }).unwrap();

        let sizes = [cut(0), cut(1), cut(2), cut(60)];

        assert!(sizes.is_sorted() && sizes[0] < sizes[2] && sizes[3] <= CLIP.len() as u64, "{sizes:?}");
    }

    #[test]
    fn an_index_of_bytes_that_are_not_there_is_none() {
        assert!(needed(&index(), CLIP.len() as u64 / 2, MIDDLE).is_none());
        assert!(needed(b"", 1000, MIDDLE).is_none());
        assert!(needed(&index()[..2000], CLIP.len() as u64, MIDDLE).is_none());
    }

    #[test]
    fn a_cut_at_the_end_of_time_is_no_harm() {
        let never = Excerpt { start: Duration::MAX, length: Duration::MAX };

        assert!(bytes_of(&index(), never).is_some_and(|bytes| bytes < CLIP.len() as u64));
    }

    proptest! {
        #[test]
        fn whatever_an_index_holds_is_read_without_panic(
            flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
            start in 0_u64..u64::MAX,
        ) {
            let mut moov = index();
            for (at, byte) in flips {
                let at = at.index(moov.len());
                moov[at] = byte;
            }
            bytes_of(&moov, MIDDLE);
            bytes_of(&moov, Excerpt { start: Duration::from_millis(start), ..MIDDLE });
        }
    }
}
