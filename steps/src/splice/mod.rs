//! Puts a video between two others where it lies: its own pictures stay in their place in the file, the opening goes
//! into room that was left before them, the closing behind them, and a new index tells of all three.
//!
//! Whoever joins files by ffmpeg reads and writes the whole video once more. What is unusual in any way is left as it
//! is, for ffmpeg to join.

mod index;
mod movie;

use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    ops::Range,
    path::PathBuf,
};

use tokio::task::spawn_blocking;

use crate::{Limits, MediaError, Workbench};
use movie::Movie;

/// The head of a box.
const HEAD_BYTES: u64 = 8;
/// The largest opening or closing: the head of a box counts its bytes by a number of 32 bits.
const END_BYTES_MAX: u64 = 1 << 30;

/// The three files, in the order in which they are shown; the one in the middle becomes all of them.
struct Files([PathBuf; 3]);

/// Whether the second of these files of the scratch folder is now all three, one after the other. If not, it is as it was.
pub(crate) async fn splice(bench: &Workbench<'_>, names: [&str; 3]) -> Result<bool, MediaError> {
    let files = Files(names.map(|name| bench.found(name)));
    let spliced = spawn_blocking(move || files.splice()).await.map_err(io::Error::other);
    spliced.and_then(|spliced| spliced).map_err(MediaError::scratch(names[1]))
}

/// How many bytes must be free before the pictures of a video, for an index of so many and for an opening of so many bytes.
pub(crate) fn room_bytes(frames: u64, opening_bytes: u64) -> u64 {
    // At worst each picture is a chunk of its own, as long as the file can be so large.
    let chunks = frames.min(2 * (Limits::default().file_bytes / index::CHUNK_BYTES) + 6);
    let tables = index::BYTES_PER_PICTURE * frames + index::BYTES_PER_CHUNK * chunks;
    index::BYTES_BESIDE_PICTURES + tables + opening_bytes + 2 * HEAD_BYTES
}

impl Files {
    fn splice(&self) -> io::Result<bool> {
        let [opening, video, closing] = &self.0;
        let (Some(opening), Some(video), Some(closing)) =
            (Movie::read(opening)?, Movie::read(video)?, Movie::read(closing)?)
        else {
            return Ok(false);
        };
        let plan = Plan::of(&opening, &video, &closing);
        let Some(plan) = plan else { return Ok(false) };
        self.carry_out(&plan, [&opening, &closing])?;
        Ok(true)
    }

    fn carry_out(&self, plan: &Plan, [opening, closing]: [&Movie; 2]) -> io::Result<()> {
        let [from_opening, into, from_closing] = &self.0;
        let mut into = OpenOptions::new().write(true).open(into)?;
        // Behind first: until the index is written, the file is what it was.
        into.seek(SeekFrom::Start(plan.end))?;
        into.write_all(&head(closing.bytes(), *b"mdat"))?;
        copy(from_closing, &closing.pictures, &mut into)?;
        into.seek(SeekFrom::Start(plan.begin))?;
        into.write_all(&plan.index)?;
        if plan.left > 0 {
            into.write_all(&head(plan.left - HEAD_BYTES, *b"free"))?;
            into.seek_relative(i64::try_from(plan.left - HEAD_BYTES).map_err(io::Error::other)?)?;
        }
        into.write_all(&head(opening.bytes(), *b"mdat"))?;
        copy(from_opening, &opening.pictures, &mut into)
    }
}

/// What is written where.
struct Plan {
    /// Where the index begins.
    begin: u64,
    index: Vec<u8>,
    /// How many bytes between the index and the opening are left over.
    left: u64,
    /// Where the file ended, and the closing begins.
    end: u64,
}

impl Plan {
    /// `None` if the three do not go together, or if there is too little room.
    fn of(opening: &Movie, video: &Movie, closing: &Movie) -> Option<Self> {
        if opening.bytes().max(closing.bytes()) > END_BYTES_MAX {
            return None;
        }
        let Range { start: begin, end: before } = video.room.clone();
        let opening_at = before.checked_sub(opening.bytes())?;
        let places = [opening_at, video.pictures.start, video.end + HEAD_BYTES];
        let index = index::of([opening, video, closing], places)?;
        let left = opening_at.checked_sub(HEAD_BYTES + begin + index.len() as u64)?;
        let fits = left == 0 || left >= HEAD_BYTES;
        fits.then_some(Self { begin, index, left, end: video.end })
    }
}

/// The head of a box of so many bytes; what is put together here was measured before: none is as large as 4 GiB.
fn head(bytes: u64, kind: [u8; 4]) -> [u8; 8] {
    let size = u32::try_from(bytes + HEAD_BYTES).unwrap_or(u32::MAX).to_be_bytes();
    let mut head = [0; 8];
    head[..4].copy_from_slice(&size);
    head[4..].copy_from_slice(&kind);
    head
}

/// Copies these bytes of a file to where the other is.
fn copy(from: &PathBuf, range: &Range<u64>, into: &mut File) -> io::Result<()> {
    let mut from = File::open(from)?;
    from.seek(SeekFrom::Start(range.start))?;
    let bytes = range.end - range.start;
    let copied = io::copy(&mut from.take(bytes), into)?;
    if copied == bytes { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assets::{CLIP, INTRO, OUTRO};

    /// Three files in a folder, the second with this content.
    fn files(folder: &tempfile::TempDir, video: &[u8]) -> Files {
        let file = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            path
        };
        Files([file("opening", INTRO), file("video", video), file("closing", OUTRO)])
    }

    #[test]
    fn a_video_without_room_or_with_sound_is_left_as_it_is() {
        for video in [INTRO, CLIP, &INTRO[..1000], b""] {
            let folder = tempfile::tempdir().unwrap();
            let files = files(&folder, video);

            assert!(!files.splice().unwrap());

            assert!(std::fs::read(&files.0[1]).unwrap() == video);
        }
    }

    #[test]
    fn whatever_an_index_holds_is_read_without_panic() {
        let folder = tempfile::tempdir().unwrap();
        let start = INTRO.windows(4).position(|four| four == b"moov").unwrap() + 4;
        let mut seed = 1_usize;
        for _ in 0..500 {
            let mut bytes = INTRO.to_vec();
            for _ in 0..4 {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let at = start + (seed >> 33) % 1500.min(bytes.len() - start);
                bytes[at] = (seed >> 20).to_le_bytes()[0];
            }
            let files = files(&folder, &bytes);
            let _ = files.splice();
        }
    }
}
