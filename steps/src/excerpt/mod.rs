//! Fetches of a long MP4 what a cut of it needs: the index, the opening, and the pictures and sound from the last key
//! frame before the cut to its end.
//!
//! They stand in a file as long as the source where they stand in the source, with holes between, so that ffmpeg finds
//! there what it would find in all of it. Nothing is refused by what is read here: what is unusual is fetched whole.

pub(crate) mod boxes;
mod layout;
mod ranges;
mod samples;
pub(crate) mod tables;

use std::{io::SeekFrom, ops::Range, time::Duration};

use bytes::Bytes;
use futures::{StreamExt, stream};
use stagemark::{Artifact, ArtifactReader};
use tokio::{
    fs::File,
    io::{AsyncSeekExt, AsyncWriteExt},
    task::spawn_blocking,
};

use crate::{MediaError, Workbench};

/// What is smaller is sooner fetched by one request than by several.
const SOURCE_BYTES_MIN: u64 = 4 << 20;
/// The most bytes that one request asks for.
const PIECE_BYTES: u64 = 4 << 20;
/// How many requests are made at a time.
const PIECES_MAX: usize = 3;

/// Which time of a source is used, from its first picture on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Excerpt {
    pub(crate) start: Duration,
    pub(crate) length: Duration,
}

impl Excerpt {
    /// What is read by those who look at the index alone.
    pub(crate) const NOTHING: Self = Self { start: Duration::ZERO, length: Duration::ZERO };

    /// Copies what is needed of an MP4 into the scratch folder; whether it did. If not, the file has to be fetched whole:
    /// it is small, or most of it is needed, or it is none of the usual form.
    pub(crate) async fn fetch(self, bench: &Workbench<'_>, from: &Artifact, name: &str) -> Result<bool, MediaError> {
        let size = from.size_bytes;
        if size < SOURCE_BYTES_MIN {
            return Ok(false);
        }
        let source = bench.unless_cancelled(bench.attempt().open(from)).await??;
        if source.size_bytes() != size {
            return Ok(false);
        }
        let mut copy = Copy::begin(bench, source, name).await?;
        let Some(index) = layout::index(&mut copy).await? else { return Ok(false) };
        let needed = spawn_blocking(move || samples::needed(&index, size, self)).await;
        let needed = needed.map_err(|error| MediaError::scratch(name)(std::io::Error::other(error)))?;
        let Some(needed) = needed.and_then(|needed| needed.worthwhile(size)) else { return Ok(false) };
        copy.take_all(needed).await?;
        tracing::debug!(key = from.key, bytes = copy.read, of = size, "a part of a source is fetched");
        Ok(true)
    }
}

/// A file of the scratch folder that gets pieces of an artifact, each at its place.
struct Copy<'a> {
    bench: &'a Workbench<'a>,
    source: ArtifactReader,
    file: File,
    name: &'a str,
    /// How many bytes were read.
    read: u64,
}

impl<'a> Copy<'a> {
    /// One as long as the artifact, without a byte of it.
    async fn begin(bench: &'a Workbench<'a>, source: ArtifactReader, name: &'a str) -> Result<Self, MediaError> {
        let file = File::create(bench.path(name)).await.map_err(MediaError::scratch(name))?;
        file.set_len(source.size_bytes()).await.map_err(MediaError::scratch(name))?;
        Ok(Self { bench, source, file, name, read: 0 })
    }

    fn size(&self) -> u64 {
        self.source.size_bytes()
    }

    /// Copies a range, and gives its bytes.
    async fn take(&mut self, range: Range<u64>) -> Result<Bytes, MediaError> {
        let bytes = self.bench.unless_cancelled(self.source.read(range.clone())).await??;
        Self::put(&mut self.file, range.start, &bytes).await.map_err(MediaError::scratch(self.name))?;
        // All of it may be fetched after this, to the same place.
        self.file.flush().await.map_err(MediaError::scratch(self.name))?;
        self.read += bytes.len() as u64;
        self.bench.attempt().heartbeat();
        Ok(bytes)
    }

    /// Copies ranges, some at a time.
    async fn take_all(&mut self, ranges: Vec<Range<u64>>) -> Result<(), MediaError> {
        let Self { bench, source, file, name, read } = self;
        let source = &*source;
        let pieces = ranges.into_iter().flat_map(ranges::pieces);
        let get = |piece: Range<u64>| async move { (piece.start, source.read(piece).await) };
        let mut got = stream::iter(pieces).map(get).buffered(PIECES_MAX);
        while let Some((at, bytes)) = bench.unless_cancelled(got.next()).await? {
            let bytes = bytes?;
            Self::put(file, at, &bytes).await.map_err(MediaError::scratch(*name))?;
            *read += bytes.len() as u64;
            bench.attempt().heartbeat();
        }
        file.flush().await.map_err(MediaError::scratch(*name))
    }

    async fn put(file: &mut File, at: u64, bytes: &[u8]) -> std::io::Result<()> {
        file.seek(SeekFrom::Start(at)).await?;
        file.write_all(bytes).await
    }
}
