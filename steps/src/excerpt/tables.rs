//! The tables of a track in the index of an MP4: where each sample stands, and when it is decoded and shown.
//!
//! They are a stranger's. Nothing is taken out of them but by counting along them, so no number in them can ask for more
//! time or memory than they have bytes; and tables that do not agree with each other are no tables.

use std::ops::Range;

use super::boxes::{Boxes, long_number, number};

/// The most samples whose sizes need not be told one by one.
const EQUAL_SAMPLES_MAX: u32 = 1 << 20;
/// Sound of samples as small as this is not compressed, and old files count its bytes in ways of their own.
const RAW_BYTES_MAX: u32 = 32;
/// No time of a real file is as far as this from zero, in ticks.
const TICKS_MAX: i128 = 1 << 60;
/// The rate of an edit that neither speeds up nor slows down.
const AT_ITS_RATE: [u8; 4] = [0, 1, 0, 0];

/// One track.
#[derive(Debug)]
pub(crate) struct Track<'a> {
    kind: [u8; 4],
    pub(crate) ticks_a_second: u32,
    /// What is added to the times of its samples, in ticks.
    pub(crate) shift: i64,
    /// Samples that would be shown before this are hidden.
    begin: i64,
    times: &'a [[u8; 8]],
    delays: Option<&'a [[u8; 8]]>,
    keys: Option<&'a [[u8; 4]]>,
    sizes: Sizes<'a>,
    groups: &'a [[u8; 12]],
    chunks: Chunks<'a>,
}

/// One sample: where it stands, and when it is decoded and shown, in ticks.
#[derive(Debug, PartialEq)]
pub(crate) struct Sample {
    pub(crate) place: Range<u64>,
    pub(crate) decoded: i64,
    /// How many ticks later the next is decoded.
    pub(crate) length: u32,
    pub(crate) shown: i64,
    pub(crate) is_key: bool,
    pub(crate) is_hidden: bool,
}

#[derive(Debug)]
enum Sizes<'a> {
    Each(&'a [[u8; 4]]),
    Equal { bytes: u32, count: u32 },
}

#[derive(Debug)]
enum Chunks<'a> {
    Near(&'a [[u8; 4]]),
    Far(&'a [[u8; 8]]),
}

impl Chunks<'_> {
    fn place(&self, number: usize) -> Option<u64> {
        match self {
            Self::Near(places) => places.get(number).map(|place| u32::from_be_bytes(*place).into()),
            Self::Far(places) => places.get(number).map(|place| u64::from_be_bytes(*place)),
        }
    }
}

impl<'a> Track<'a> {
    /// Of a `trak`, in a movie of so many ticks a second; `None` if it is not understood.
    pub(crate) fn read(trak: &'a [u8], movie_ticks: u32) -> Option<Self> {
        let trak = Boxes::of(trak)?;
        let media = trak.within("mdia")?;
        let ticks_a_second = media.ticks_a_second("mdhd")?;
        let kind = *media.only("hdlr")?.get(8..)?.first_chunk()?;
        let edits = if trak.has("edts") { Some(trak.within("edts")?) } else { None };
        let (shift, begin) =
            edits.map_or(Some((0, i64::MIN)), |edits| edit(edits.only("elst")?, ticks_a_second, movie_ticks))?;
        let table = media.within("minf")?.within("stbl")?;
        let delays = if table.has("ctts") { Some(table.table("ctts")?) } else { None };
        let keys = if table.has("stss") { Some(table.table("stss")?) } else { None };
        let chunks = match (table.has("stco"), table.has("co64")) {
            (true, false) => Chunks::Near(table.table("stco")?),
            (false, true) => Chunks::Far(table.table("co64")?),
            _ => return None,
        };
        Some(Self {
            kind,
            ticks_a_second,
            shift,
            begin,
            times: table.table("stts")?,
            delays,
            keys,
            sizes: Sizes::read(table.only("stsz")?, &kind == b"soun")?,
            groups: table.table("stsc")?,
            chunks,
        })
    }

    pub(crate) fn is_video(&self) -> bool {
        &self.kind == b"vide"
    }

    /// Shows each sample in the order of decoding, with its number; `None` if the tables do not agree, or if `see` says
    /// so.
    pub(crate) fn each(&self, mut see: impl FnMut(u64, Sample) -> Option<()>) -> Option<()> {
        let mut times = Runs::of(self.times);
        let mut delays = self.delays.map(Runs::of);
        let mut keys = self.keys.map(|keys| keys.iter().map(|key| u64::from(u32::from_be_bytes(*key))).peekable());
        let mut places = Places { groups: self.groups, chunks: &self.chunks, next_chunk: 0, left: 0, each: 0, at: 0 };
        let mut decoded = self.shift;
        for number in 0..self.sizes.count() {
            let place = places.next(self.sizes.of(number)?)?;
            // A delay is a signed number, whatever the version of its table says.
            let delay = match &mut delays {
                Some(delays) => delays.next()?.cast_signed(),
                None => 0,
            };
            let is_key = keys.as_mut().is_none_or(|keys| keys.next_if(|key| *key == number + 1).is_some());
            let shown = decoded + i64::from(delay);
            let length = times.next()?;
            see(number, Sample { place, decoded, length, shown, is_key, is_hidden: shown < self.begin })?;
            decoded += i64::from(length);
        }
        Some(())
    }
}

impl<'a> Sizes<'a> {
    fn read(body: &'a [u8], is_sound: bool) -> Option<Self> {
        let (bytes, count) = (number(body, 4)?, number(body, 8)?);
        if bytes == 0 {
            return Some(Self::Each(body.get(12..)?.as_chunks().0.get(..usize::try_from(count).ok()?)?));
        }
        let is_raw = is_sound && bytes <= RAW_BYTES_MAX;
        (!is_raw && count <= EQUAL_SAMPLES_MAX).then_some(Self::Equal { bytes, count })
    }

    fn count(&self) -> u64 {
        match self {
            Self::Each(sizes) => sizes.len() as u64,
            Self::Equal { count, .. } => u64::from(*count),
        }
    }

    fn of(&self, number: u64) -> Option<u64> {
        match self {
            Self::Each(sizes) => {
                let size = sizes.get(usize::try_from(number).ok()?)?;
                Some(u32::from_be_bytes(*size).into())
            }
            Self::Equal { bytes, .. } => Some(u64::from(*bytes)),
        }
    }
}

/// By how much an edit list shifts a track, and where what is shown begins, in ticks; `None` unless it shows one stretch
/// of it, at its own rate, perhaps after a pause.
fn edit(list: &[u8], ticks_a_second: u32, movie_ticks: u32) -> Option<(i64, i64)> {
    let is_wide = list.first() == Some(&1);
    let read = |at: usize| {
        let (length, time, rate) = if is_wide {
            (long_number(list, at)?, long_number(list, at + 8)?.cast_signed(), at + 16)
        } else {
            (number(list, at)?.into(), number(list, at + 4)?.cast_signed().into(), at + 8)
        };
        Some((length, time, list.get(rate..)?.first_chunk::<4>()?))
    };
    let entry_bytes = if is_wide { 20 } else { 12 };
    let (pause, (_, from, rate)) = match number(list, 4)? {
        0 => return Some((0, i64::MIN)),
        1 => (0, read(8)?),
        2 => match read(8)? {
            (pause, -1, _) => (pause, read(8 + entry_bytes)?),
            _ => return None,
        },
        _ => return None,
    };
    let pause = i128::from(pause) * i128::from(ticks_a_second) / i128::from(movie_ticks);
    let shift = pause - i128::from(from);
    let is_plain = from >= 0 && *rate == AT_ITS_RATE && shift.abs() < TICKS_MAX && pause < TICKS_MAX;
    is_plain.then_some((i64::try_from(shift).ok()?, i64::try_from(pause).ok()?))
}

/// Numbers that are told as runs of equal ones.
struct Runs<'a> {
    rest: &'a [[u8; 8]],
    left: u32,
    value: u32,
}

impl<'a> Runs<'a> {
    fn of(rest: &'a [[u8; 8]]) -> Self {
        Self { rest, left: 0, value: 0 }
    }
}

impl Iterator for Runs<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        while self.left == 0 {
            let (run, rest) = self.rest.split_first()?;
            (self.left, self.value, self.rest) = (number(run, 0)?, number(run, 4)?, rest);
        }
        self.left -= 1;
        Some(self.value)
    }
}

/// Where samples stand: one after the other in chunks, so many in each.
struct Places<'a> {
    groups: &'a [[u8; 12]],
    chunks: &'a Chunks<'a>,
    next_chunk: usize,
    /// How many samples are left in the chunk at hand.
    left: u32,
    /// How many there are in each chunk of the group at hand.
    each: u32,
    at: u64,
}

impl Places<'_> {
    /// The place of the next sample, which has so many bytes.
    fn next(&mut self, bytes: u64) -> Option<Range<u64>> {
        if self.left == 0 {
            if let Some((group, rest)) = self.groups.split_first()
                && u64::from(number(group, 0)?) == self.next_chunk as u64 + 1
            {
                (self.each, self.groups) = (number(group, 4)?, rest);
            }
            self.at = self.chunks.place(self.next_chunk)?;
            self.next_chunk += 1;
            self.left = self.each.checked_sub(1)?;
        } else {
            self.left -= 1;
        }
        let end = self.at.checked_add(bytes)?;
        Some(std::mem::replace(&mut self.at, end)..end)
    }
}
