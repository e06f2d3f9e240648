//! One of the files that are put together: its index, where its pictures stand, and what is known of each.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    ops::Range,
    path::Path,
};

use crate::excerpt::{
    boxes::Boxes,
    tables::{Sample, Track},
};

/// The largest index that is read; a bumper lasts a minute, and a video that is joined to one some minutes.
const INDEX_BYTES_MAX: u64 = 16 << 20;

/// One of the files that are put together.
pub(super) struct Movie {
    /// What is in its `moov`.
    pub(super) index: Vec<u8>,
    /// From the index to the box of the pictures: what else is there is free.
    pub(super) room: Range<u64>,
    /// The pictures, which stand one behind the other.
    pub(super) pictures: Range<u64>,
    /// How long the file is: the box of the pictures is the last.
    pub(super) end: u64,
    pub(super) ticks_a_second: u32,
    /// What its edit list adds to all times.
    pub(super) shift: i64,
    pub(super) samples: Vec<Picture>,
}

/// One picture: its size, and its times in ticks.
pub(super) struct Picture {
    pub(super) bytes: u32,
    pub(super) length: u32,
    /// How much later than it is decoded it is shown.
    pub(super) delay: i32,
    pub(super) is_key: bool,
}

/// Where the boxes of a file stand.
struct Layout {
    index: Range<u64>,
    /// Where the box of the pictures begins.
    pictures: u64,
    end: u64,
}

impl Movie {
    /// Of this file; `None` unless it is an index, free room, and the pictures of one track, with nothing between them.
    pub(super) fn read(path: &Path) -> io::Result<Option<Self>> {
        let mut file = File::open(path)?;
        let Some(layout) = Layout::read(&mut file)? else { return Ok(None) };
        let mut index = vec![0; usize::try_from(layout.index.end - layout.index.start - 8).map_err(io::Error::other)?];
        file.seek(SeekFrom::Start(layout.index.start + 8))?;
        file.read_exact(&mut index)?;
        Ok(Self::of(index, &layout))
    }

    fn of(index: Vec<u8>, layout: &Layout) -> Option<Self> {
        let boxes = Boxes::of(&index)?;
        let track = Track::read(boxes.only("trak")?, boxes.ticks_a_second("mvhd")?)?;
        if !track.is_video() {
            return None;
        }
        let (mut samples, mut at) = (Vec::new(), None);
        let mut begin = None;
        track.each(|_, sample| {
            let Range { start, end } = sample.place;
            begin.get_or_insert(start);
            if at.replace(end).is_some_and(|at| at != start) || sample.is_hidden {
                return None;
            }
            samples.push(Picture::of(&sample)?);
            Some(())
        })?;
        let pictures = begin?..at?;
        let within = pictures.start >= layout.pictures + 8 && pictures.end <= layout.end;
        let (ticks_a_second, shift) = (track.ticks_a_second, track.shift);
        let room = layout.index.start..layout.pictures;
        let movie = Self { room, pictures, end: layout.end, ticks_a_second, shift, samples, index: Vec::new() };
        within.then_some(Self { index, ..movie })
    }

    /// How many bytes its pictures have.
    pub(super) fn bytes(&self) -> u64 {
        self.pictures.end - self.pictures.start
    }

    /// How long it is, in ticks.
    pub(super) fn ticks(&self) -> u64 {
        self.samples.iter().map(|picture| u64::from(picture.length)).sum()
    }
}

impl Picture {
    fn of(sample: &Sample) -> Option<Self> {
        let bytes = u32::try_from(sample.place.end - sample.place.start).ok()?;
        let delay = i32::try_from(sample.shown - sample.decoded).ok()?;
        Some(Self { bytes, length: sample.length, delay, is_key: sample.is_key })
    }
}

impl Layout {
    /// `None` if there is anything but a type, an index, free room and then the pictures.
    fn read(file: &mut File) -> io::Result<Option<Self>> {
        let end = file.metadata()?.len();
        let (mut at, mut index) = (0, None);
        while at + 8 <= end {
            let mut head = [0; 8];
            file.seek(SeekFrom::Start(at))?;
            file.read_exact(&mut head)?;
            let [a, b, c, d, kind @ ..] = head;
            let size = u64::from(u32::from_be_bytes([a, b, c, d]));
            // The long form and the one up to the end of the file are left to ffmpeg.
            if size < 8 || size > end - at {
                return Ok(None);
            }
            match (&kind, &index) {
                (b"moov", None) if size <= INDEX_BYTES_MAX => index = Some(at..at + size),
                (b"ftyp" | b"free", _) => {}
                (b"mdat", Some(found)) if at + size == end => {
                    return Ok(Some(Self { index: found.clone(), pictures: at, end }));
                }
                _ => return Ok(None),
            }
            at += size;
        }
        Ok(None)
    }
}
