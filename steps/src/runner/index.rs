//! Reads the index of an MP4 that ffmpeg made: which streams it has, and how many pictures.
//!
//! A process that only tells this would cost as much as half a second of encoding. ffmpeg has worked on a stranger's
//! file, so what it wrote is read as a stranger's too: bounded, and nothing of it is believed to be where it should be.

use std::{io, path::Path, time::Duration};

use tokio::{
    fs::File,
    io::{AsyncReadExt, AsyncSeekExt},
};

use super::times::Times;

/// The largest index that is read; an hour of 120 pictures a second has one of 10 MB.
const INDEX_BYTES_MAX: u64 = 64 << 20;

/// The index of an MP4.
#[derive(Debug, PartialEq)]
pub(crate) struct Index {
    pub(crate) tracks: Vec<Track>,
    /// Whether it stands before the pictures, so that the video plays while it loads.
    pub(crate) is_first: bool,
}

/// The boxes that say how a decoder is set up.
const SETUPS: [&[u8; 4]; 4] = [b"avcC", b"av1C", b"vpcC", b"esds"];

/// One stream.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Track {
    pub(crate) kind: [u8; 4],
    /// The four letters of its codec: `avc1`, `mp4a`.
    pub(crate) codec: [u8; 4],
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) samples: u64,
    pub(crate) duration: Duration,
    /// How the decoder is set up: the parameter sets of H.264, and their like.
    pub(crate) setup: Vec<u8>,
    /// Whether the file itself says of which space its colours are, in words that ffmpeg knows.
    pub(crate) is_tagged: bool,
    /// When its pictures are shown.
    pub(crate) times: Times,
    bytes: u64,
}

impl Index {
    /// Of this file; `None` if it is no whole MP4.
    pub(crate) async fn read(path: &Path) -> io::Result<Option<Self>> {
        let mut file = File::open(path).await?;
        let (mut at, end) = (0_u64, file.metadata().await?.len());
        let mut is_first = true;
        while at + 16 <= end {
            file.seek(io::SeekFrom::Start(at)).await?;
            let size = u64::from(file.read_u32().await?);
            let kind = file.read_u32().await?.to_be_bytes();
            let (size, head) = match size {
                0 => (end - at, 8),
                1 => (file.read_u64().await?, 16),
                _ => (size, 8),
            };
            if size < head || size > end - at {
                return Ok(None);
            }
            if &kind == b"moov" && size <= INDEX_BYTES_MAX {
                let mut moov = Vec::new();
                file.take(size - head).read_to_end(&mut moov).await?;
                let tracks: Vec<_> =
                    Atoms(&moov).filter(|(kind, _)| *kind == b"trak").map(|(_, trak)| track(trak)).collect();
                let whole = tracks.iter().map(|track| track.bytes).fold(0, u64::saturating_add) <= end;
                return Ok(whole.then_some(Self { tracks, is_first }));
            }
            is_first &= &kind != b"mdat";
            at += size;
        }
        Ok(None)
    }
}

impl Track {
    pub(crate) fn is_video(&self) -> bool {
        &self.kind == b"vide"
    }

    pub(crate) fn is_audio(&self) -> bool {
        &self.kind == b"soun"
    }

    /// How its pictures are stored, as ffmpeg names it; `None` if it is not known to be of 8 bits and 4:2:0.
    pub(crate) fn pixels(&self) -> Option<&'static str> {
        let plain = match &self.codec {
            b"avc1" | b"avc3" => is_plain_avc(&self.setup),
            b"av01" => self.setup.get(2).is_some_and(|flags| flags & 0b0101_1100 == 0b0000_1100),
            b"vp09" => self.setup.get(6).is_some_and(|depth| depth >> 4 == 8 && (depth >> 1) & 7 <= 1),
            _ => false,
        };
        plain.then_some("yuv420p")
    }

    /// Whether what decodes its sound decodes that of the other too.
    pub(crate) fn sounds_like(&self, other: &Self) -> bool {
        let kind = |track: &Self| (&track.codec == b"mp4a").then(|| aac_kind(&track.setup)).flatten();
        kind(self).is_some_and(|kind_of_self| Some(kind_of_self) == kind(other))
    }

    /// The codec of its sound, as ffmpeg names it.
    pub(crate) fn sound(&self) -> &'static str {
        match &self.codec {
            b"mp4a" if is_aac(&self.setup) => "aac",
            b"Opus" => "opus",
            b"fLaC" => "flac",
            b"ac-3" => "ac3",
            _ => "unknown",
        }
    }
}

/// The boxes that stand side by side in these bytes; it ends where they make no sense.
pub(crate) struct Atoms<'a>(pub(crate) &'a [u8]);

impl<'a> Iterator for Atoms<'a> {
    type Item = (&'a [u8; 4], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (size, rest) = self.0.split_first_chunk::<4>()?;
        let (kind, rest) = rest.split_first_chunk::<4>()?;
        let length = match u32::from_be_bytes(*size) {
            0 => rest.len(),
            size => usize::try_from(size).ok()?.checked_sub(8)?,
        };
        let (body, after) = rest.split_at_checked(length)?;
        self.0 = after;
        Some((kind, body))
    }
}

/// The body of the box at the end of this path.
fn find<'a>(body: &'a [u8], path: &[&[u8; 4]]) -> Option<&'a [u8]> {
    let Some((first, rest)) = path.split_first() else { return Some(body) };
    Atoms(body).find(|(kind, _)| kind == first).and_then(|(_, body)| find(body, rest))
}

fn number(body: &[u8], at: usize) -> u32 {
    body.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |bytes| u32::from_be_bytes(*bytes))
}

fn track(body: &[u8]) -> Track {
    let mut track = Track::default();
    let Some(mdia) = find(body, &[b"mdia"]) else { return track };
    track.kind = number(find(mdia, &[b"hdlr"]).unwrap_or_default(), 8).to_be_bytes();
    let mdhd = find(mdia, &[b"mdhd"]).unwrap_or_default();
    let ticks_a_second = number(mdhd, if mdhd.first() == Some(&1) { 20 } else { 12 });
    let Some(table) = find(mdia, &[b"minf", b"stbl"]) else { return track };
    let lengths = find(table, &[b"stts"]).unwrap_or_default();
    track.times = Times::of(ticks_a_second, lengths, find(table, &[b"ctts"]).unwrap_or_default());
    let ticks = lengths
        .get(8..)
        .unwrap_or_default()
        .chunks_exact(8)
        .map(|run| u64::from(number(run, 0)) * u64::from(number(run, 4)));
    let ticks: u128 = ticks.map(u128::from).sum();
    let nanos = ticks * 1_000_000_000 / u128::from(ticks_a_second.max(1));
    track.duration = Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
    let sizes = find(table, &[b"stsz"]).unwrap_or_default();
    track.samples = number(sizes, 8).into();
    track.bytes = match number(sizes, 4) {
        0 => sizes.get(12..).unwrap_or_default().chunks_exact(4).map(|size| u64::from(number(size, 0))).sum(),
        each => u64::from(each) * track.samples,
    };
    let entries = find(table, &[b"stsd"]).unwrap_or_default().get(8..).unwrap_or_default();
    if let Some((codec, entry)) = Atoms(entries).next() {
        track.codec = *codec;
        track.describe(entry);
    }
    track
}

impl Track {
    /// Takes in what a sample entry says.
    fn describe(&mut self, entry: &[u8]) {
        let fixed = if self.is_video() { 78 } else { 28 };
        if self.is_video() {
            let sides = number(entry, 24);
            (self.width, self.height) = (sides >> 16, sides & 0xffff);
        }
        for (kind, body) in Atoms(entry.get(fixed..).unwrap_or_default()) {
            if SETUPS.contains(&kind) && self.setup.is_empty() {
                self.setup = body.to_vec();
            }
            self.is_tagged |= kind == b"colr" && names_colours(body);
        }
    }
}

/// Whether a `colr` box names the matrix of its colours by a code of ITU-T H.273 that is in use.
fn names_colours(colr: &[u8]) -> bool {
    let matrix = colr.strip_prefix(b"nclx").and_then(|codes| codes.get(4..6));
    matches!(matrix, Some([0, 1 | 4..=10]))
}

/// Whether the set-up of H.264 is for 8 bits and 4:2:0: the lower profiles have nothing else.
fn is_plain_avc(setup: &[u8]) -> bool {
    match setup.get(1) {
        Some(66 | 77 | 88 | 100) => true,
        // The form of the colours in two bits, and what their depths exceed 8 by, in three each.
        Some(_) => after_sets(setup)
            .and_then(<[u8]>::first_chunk)
            .is_some_and(|[form, luma, chroma]| (form % 4, luma % 8, chroma % 8) == (1, 0, 0)),
        None => false,
    }
}

/// What follows the parameter sets: of which form and depth the colours are.
fn after_sets(setup: &[u8]) -> Option<&[u8]> {
    let mut rest = setup.get(5..)?;
    for mask in [0x1f, 0xff] {
        let (count, after) = rest.split_first()?;
        rest = after;
        for _ in 0..count & mask {
            let (length, after) = rest.split_first_chunk::<2>()?;
            rest = after.get(usize::from(u16::from_be_bytes(*length))..)?;
        }
    }
    Some(rest)
}

/// Whether an `esds` describes AAC: MP4 says so by a number.
fn is_aac(esds: &[u8]) -> bool {
    decoder(esds).and_then(<[u8]>::first) == Some(&0x40)
}

/// The object type, the profile, the rate and the channels of AAC, which begin its set-up (ISO/IEC 14496-3, 1.6.2.1).
fn aac_kind(esds: &[u8]) -> Option<[u8; 2]> {
    decoder(esds).and_then(|decoder| descriptor(5, decoder.get(13..)?)?.first_chunk().copied())
}

/// What an `esds` says of the decoder, which stands after two tags.
fn decoder(esds: &[u8]) -> Option<&[u8]> {
    esds.get(4..).and_then(|rest| descriptor(3, rest)).and_then(|rest| descriptor(4, rest.get(3..)?))
}

/// What follows this tag and its length.
fn descriptor(tag: u8, from: &[u8]) -> Option<&[u8]> {
    let (length, rest) = from.strip_prefix(&[tag])?.split_at_checked(4)?;
    // The length is one byte, or several of which all but the last have the high bit.
    let more = length.iter().position(|byte| byte & 0x80 == 0)?;
    from.get(2 + more..).filter(|_| !rest.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assets::{CLIP, INTRO};

    async fn read(bytes: &[u8]) -> Option<Index> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        Index::read(file.path()).await.unwrap()
    }

    #[tokio::test]
    async fn a_clip_is_what_ffprobe_says() {
        let index = read(CLIP).await.unwrap();

        let [pictures, sound] = &index.tracks[..] else { panic!("{index:?}") };
        assert_eq!((&pictures.codec, pictures.width, pictures.height), (b"avc1", 1280, 720));
        assert_eq!((pictures.pixels(), sound.sound()), (Some("yuv420p"), "aac"));
        assert!(pictures.is_video() && sound.is_audio());
        assert!(!pictures.is_tagged);
        let intro = &read(INTRO).await.unwrap().tracks[0];
        assert_eq!((pictures.samples, intro.samples, intro.is_tagged), (132, 40, true));
    }

    #[tokio::test]
    async fn a_clip_that_was_cut_off_has_no_index() {
        assert_eq!(read(&CLIP[..CLIP.len() - 1000]).await, None);
        assert_eq!(read(b"").await, None);
        assert_eq!(read(&[0; 64]).await, None);
    }

    #[test]
    fn whatever_an_index_holds_is_read_without_panic() {
        let start = CLIP.windows(4).position(|four| four == b"trak").unwrap() + 4;
        let whole = &CLIP[start..];
        let mut seed = 1_usize;
        for _ in 0..2000 {
            let mut bytes = whole.to_vec();
            for _ in 0..8 {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let at = (seed >> 33) % bytes.len();
                bytes[at] = (seed >> 20).to_le_bytes()[0];
            }
            let track = track(&bytes);
            let _ = (track.pixels(), track.sound());
        }
        for length in 0..400 {
            track(&whole[..length]);
        }
    }
}
