//! The index of three videos that are shown one after the other (ISO/IEC 14496-12, 8.2 to 8.7): that of the one in the
//! middle, with tables and durations of all three.

use super::movie::{Movie, Picture};
use crate::{
    excerpt::boxes::{Boxes, number},
    runner::Atoms,
};

/// What an index has beside the tables of its pictures, at most.
pub(super) const BYTES_BESIDE_PICTURES: u64 = 4096;
/// What it has for each picture, at most: a duration and an offset of its presentation (8 bytes each, where runs of equal
/// ones are not put together), a size and a place among the keyframes (4 each).
pub(super) const BYTES_PER_PICTURE: u64 = 24;
/// What it has for each chunk, of which two make more than a mebibyte: an offset and a line, of 8 and 12 bytes.
pub(super) const BYTES_PER_CHUNK: u64 = 20;
/// Where the next chunk begins: as large as those of ffmpeg.
pub(super) const CHUNK_BYTES: u64 = 1 << 20;
/// What a sample entry of pictures has before its boxes.
const ENTRY_BYTES: usize = 78;
/// The tables that are made anew; `sdtp`, which says what may be dropped, is left out.
const TABLES: [&[u8; 4]; 9] = [b"stsd", b"stts", b"ctts", b"stss", b"stsc", b"stsz", b"stco", b"co64", b"sdtp"];

/// The whole box; the pictures of each begin at these places. `None` if the three do not go together: then a decoder would
/// have to be set up anew between them, or their times count in other ways.
pub(super) fn of(movies: [&Movie; 3], places: [u64; 3]) -> Option<Vec<u8>> {
    let [opening, video, closing] = movies;
    for movie in [opening, closing] {
        let alike = movie.ticks_a_second == video.ticks_a_second && movie.shift == video.shift;
        if !alike || setup(&movie.index)? != setup(&video.index)? {
            return None;
        }
    }
    let ticks = movies.iter().map(|movie| movie.ticks()).sum::<u64>();
    let movie_ticks = Boxes::of(&video.index)?.ticks_a_second("mvhd")?;
    let in_movie = (u128::from(ticks) * u128::from(movie_ticks)).div_ceil(u128::from(video.ticks_a_second));
    let new = New {
        ticks: u32::try_from(ticks).ok()?,
        movie_ticks: u32::try_from(in_movie).ok()?,
        tables: tables(movies, places, &setup(&video.index)?)?,
    };
    Some(boxed(*b"moov", &new.all(&video.index)?))
}

/// What is new in the index.
struct New {
    /// The duration of all, in ticks of the track and of the movie.
    ticks: u32,
    movie_ticks: u32,
    tables: Vec<u8>,
}

impl New {
    /// These boxes, with what is new in them.
    fn all(&self, boxes: &[u8]) -> Option<Vec<u8>> {
        let mut made = Vec::with_capacity(boxes.len() + self.tables.len());
        for (kind, body) in Atoms(boxes) {
            let body = match kind {
                b"trak" | b"mdia" | b"minf" | b"edts" => self.all(body)?,
                b"mvhd" => patched(body, 16, self.movie_ticks)?,
                b"tkhd" => patched(body, 20, self.movie_ticks)?,
                b"mdhd" => patched(body, 16, self.ticks)?,
                b"elst" if number(body, 4)? == 1 => patched(body, 8, self.movie_ticks)?,
                b"elst" => return None,
                b"stbl" => self.tables.clone(),
                _ => body.to_vec(),
            };
            made.extend(boxed(*kind, &body));
        }
        Some(made)
    }
}

/// The body of a box, with another number there; `None` if its numbers are of 64 bits.
fn patched(body: &[u8], at: usize, number: u32) -> Option<Vec<u8>> {
    let mut body = body.to_vec();
    if *body.first()? != 0 {
        return None;
    }
    body.get_mut(at..at + 4)?.copy_from_slice(&number.to_be_bytes());
    Some(body)
}

fn boxed(kind: [u8; 4], body: &[u8]) -> Vec<u8> {
    // Each is a part of an index, or a table of pictures that have an index.
    let size = u32::try_from(body.len() + 8).unwrap_or(u32::MAX).to_be_bytes();
    [&size, &kind, body].concat()
}

/// How a decoder is set up: the only sample entry, without the rate of bits, which is another one in each file.
fn setup(index: &[u8]) -> Option<Vec<u8>> {
    let table = Boxes::of(index)?.within("trak")?.within("mdia")?.within("minf")?.only("stbl")?;
    if !Atoms(table).all(|(kind, _)| TABLES.contains(&kind)) {
        return None;
    }
    let entries = Boxes::of(table)?.only("stsd")?.get(8..)?;
    let mut entries = Atoms(entries);
    let ((codec, entry), None) = (entries.next()?, entries.next()) else { return None };
    let (fixed, rest) = entry.split_at_checked(ENTRY_BYTES)?;
    let kept = Atoms(rest).filter(|(kind, _)| *kind != b"btrt").flat_map(|(kind, body)| boxed(*kind, body));
    let entry: Vec<u8> = fixed.iter().copied().chain(kept).collect();
    Some(boxed(*codec, &entry))
}

/// What is in the `stbl`.
fn tables(movies: [&Movie; 3], places: [u64; 3], setup: &[u8]) -> Option<Vec<u8>> {
    let all = || movies.into_iter().flat_map(|movie| &movie.samples);
    let mut made = boxed(*b"stsd", &[&[0, 0, 0, 0, 0, 0, 0, 1], setup].concat());
    made.extend(runs(*b"stts", 0, all().map(|picture| picture.length)));
    if all().any(|picture| picture.delay != 0) {
        // The second version is for numbers below zero.
        let version = u8::from(all().any(|picture| picture.delay < 0));
        made.extend(runs(*b"ctts", version, all().map(|picture| picture.delay.cast_unsigned())));
    }
    if !all().all(|picture| picture.is_key) {
        let keys = (1_u32..).zip(all()).filter(|(_, picture)| picture.is_key);
        made.extend(table(*b"stss", 0, keys.map(|(number, _)| number.to_be_bytes())));
    }
    let count = u32::try_from(all().count()).ok()?.to_be_bytes();
    let sizes = all().flat_map(|picture| picture.bytes.to_be_bytes());
    made.extend(boxed(*b"stsz", &[0; 8].into_iter().chain(count).chain(sizes).collect::<Vec<_>>()));
    let chunks: Vec<_> = movies.iter().zip(places).flat_map(|(movie, place)| chunks(&movie.samples, place)).collect();
    made.extend(lines(&chunks));
    made.extend(offsets(&chunks));
    Some(made)
}

/// A chunk: where it begins, and how many pictures stand there.
type Chunk = (u64, u32);

/// Pictures that stand one behind the other from there on, in chunks.
fn chunks(pictures: &[Picture], from: u64) -> Vec<Chunk> {
    let (mut chunks, mut at, mut bytes) = (Vec::<Chunk>::new(), from, u64::MAX);
    for picture in pictures {
        let more = bytes.saturating_add(picture.bytes.into());
        match chunks.last_mut() {
            Some((_, count)) if more <= CHUNK_BYTES => {
                *count += 1;
                bytes = more;
            }
            _ => {
                chunks.push((at, 1));
                bytes = picture.bytes.into();
            }
        }
        at += u64::from(picture.bytes);
    }
    chunks
}

/// How many pictures are in each chunk: a line wherever there are others than before.
fn lines(chunks: &[Chunk]) -> Vec<u8> {
    let mut before = 0;
    let lines = (1_u32..).zip(chunks).filter_map(|(number, (_, count))| {
        let is_new = std::mem::replace(&mut before, *count) != *count;
        is_new.then_some([number, *count, 1])
    });
    table(*b"stsc", 0, lines.map(|line| line.map(u32::to_be_bytes).concat()))
}

fn offsets(chunks: &[Chunk]) -> Vec<u8> {
    let near: Option<Vec<_>> = chunks.iter().map(|(at, _)| u32::try_from(*at).ok()).collect();
    match near {
        Some(near) => table(*b"stco", 0, near.into_iter().map(u32::to_be_bytes)),
        None => table(*b"co64", 0, chunks.iter().map(|(at, _)| at.to_be_bytes())),
    }
}

/// A table of numbers, which are told as runs of equal ones.
fn runs(kind: [u8; 4], version: u8, numbers: impl Iterator<Item = u32>) -> Vec<u8> {
    let mut runs = Vec::<[u32; 2]>::new();
    for number in numbers {
        match runs.last_mut() {
            Some([count, same]) if *same == number => *count += 1,
            _ => runs.push([1, number]),
        }
    }
    table(kind, version, runs.into_iter().map(|run| run.map(u32::to_be_bytes).concat()))
}

fn table(kind: [u8; 4], version: u8, entries: impl Iterator<Item = impl AsRef<[u8]>>) -> Vec<u8> {
    let (mut count, mut made) = (0_u32, vec![version, 0, 0, 0, 0, 0, 0, 0]);
    for entry in entries {
        count += 1;
        made.extend_from_slice(entry.as_ref());
    }
    made[4..8].copy_from_slice(&count.to_be_bytes());
    boxed(kind, &made)
}
