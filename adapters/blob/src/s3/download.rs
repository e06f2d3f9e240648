//! An artifact on its way out of a bucket: range by range, the next ones fetched while one is used.
//!
//! A single request for all of it would have to be as slow as whoever uses the bytes, and would run out of time.

use std::{ops::Range, sync::Arc};

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream, stream::BoxStream};
use object_store::{Error, GetOptions, GetRange, GetResult, ObjectStore, path::Path};
use stagemark::ports::ArtifactError;
use tokio::task::spawn_blocking;
use tokio_util::task::AbortOnDropHandle;

use super::{Inner, etag::Check};
use crate::failure::explain_s3;

/// How many ranges are fetched ahead of the one that is used.
const AHEAD_MAX: usize = 2;

/// What is fetched: the object that was there when it was first asked for, and no other.
#[derive(Clone)]
struct Source {
    inner: Arc<Inner>,
    key: Arc<str>,
    place: Path,
    tag: Option<String>,
}

/// The bytes of a range, as they came in.
type Pieces = Vec<Bytes>;

pub(super) async fn read(
    inner: &Arc<Inner>,
    key: &str,
) -> Result<BoxStream<'static, Result<Bytes, ArtifactError>>, ArtifactError> {
    let place = inner.places.of(key)?;
    let mut source = Source { inner: Arc::clone(inner), key: key.into(), place, tag: None };
    let range_bytes = inner.options.part_bytes as u64;
    let Some(first) = source.first(range_bytes).await? else { return Ok(stream::empty().boxed()) };
    let (size, check) = (first.meta.size, Check::of(inner.tags, first.meta.e_tag.as_deref(), &first.attributes));
    source.tag.clone_from(&first.meta.e_tag);
    let end = size.min(range_bytes);
    let first = source.pieces(first, end).await?;

    let key = Arc::clone(&source.key);
    let rest =
        (1..size.div_ceil(range_bytes)).map(move |number| number * range_bytes..size.min((number + 1) * range_bytes));
    let rest = stream::iter(rest).map(move |range| source.clone().fetch_apart(range)).buffered(AHEAD_MAX);
    let ranges = stream::once(async move { Ok(first) }).chain(rest);
    Ok(checked(ranges.boxed(), size, check, key).boxed())
}

/// The pieces of the ranges; those of the last one only if all of them are what was written.
fn checked(
    ranges: BoxStream<'static, Result<Pieces, ArtifactError>>,
    size: u64,
    check: Option<Check>,
    key: Arc<str>,
) -> impl futures::Stream<Item = Result<Bytes, ArtifactError>> + Send {
    let state = (ranges, check, 0_u64, key);
    let pieces = stream::try_unfold(state, move |(mut ranges, check, done, key)| async move {
        let Some(pieces) = ranges.try_next().await? else { return Ok(None) };
        let done = done + pieces.iter().map(|piece| piece.len() as u64).sum::<u64>();
        let Some(check) = check else { return Ok(Some((pieces, (ranges, None, done, key)))) };
        // Away from the threads that serve connections.
        let added = spawn_blocking(move || add(check, pieces, done == size)).await;
        let added = added.map_err(|error| ArtifactError::Store { key: key.to_string(), source: error.into() })?;
        let (check, pieces) = added.ok_or_else(|| ArtifactError::Corrupt { key: key.to_string() })?;
        Ok(Some((pieces, (ranges, check, done, key))))
    });
    pieces.map_ok(|pieces| stream::iter(pieces.into_iter().map(Ok))).try_flatten()
}

/// Adds pieces to a check; after the last ones, `None` says that it does not hold.
fn add(mut check: Check, pieces: Pieces, is_last: bool) -> Option<(Option<Check>, Pieces)> {
    for piece in &pieces {
        check.add(piece);
    }
    if !is_last {
        return Some((Some(check), pieces));
    }
    check.holds().then_some((None, pieces))
}

impl Source {
    /// The answer to a request for the first range; `None` for an object without bytes, which has no ranges.
    async fn first(&self, range_bytes: u64) -> Result<Option<GetResult>, ArtifactError> {
        let range = Some(GetRange::Bounded(0..range_bytes));
        let refused = match self.get(GetOptions { range, ..GetOptions::default() }).await {
            Ok(first) => return Ok(Some(first)),
            Err(Error::NotFound { .. }) => return Err(ArtifactError::Missing { key: self.key.to_string() }),
            Err(error) => error,
        };
        match self.get(GetOptions { head: true, ..GetOptions::default() }).await {
            Ok(found) if found.meta.size == 0 => Ok(None),
            _ => Err(explain_s3(&self.key, refused)),
        }
    }

    async fn get(&self, options: GetOptions) -> Result<GetResult, Error> {
        self.inner.store.get_opts(&self.place, options).await
    }

    /// Fetches a range in a task of its own, which goes on while the bytes before it are used.
    async fn fetch_apart(self, range: Range<u64>) -> Result<Pieces, ArtifactError> {
        let key = self.key.to_string();
        let fetched = AbortOnDropHandle::new(tokio::spawn(self.fetch(range))).await;
        fetched.unwrap_or_else(|error| Err(ArtifactError::Store { key, source: error.into() }))
    }

    async fn fetch(self, range: Range<u64>) -> Result<Pieces, ArtifactError> {
        let len = range.end - range.start;
        let options =
            GetOptions { range: Some(GetRange::Bounded(range)), if_match: self.tag.clone(), ..GetOptions::default() };
        match self.get(options).await {
            Ok(got) => self.pieces(got, len).await,
            Err(Error::Precondition { .. } | Error::NotFound { .. }) => {
                let source = "it was replaced or removed while it was read; read it again".into();
                Err(ArtifactError::Store { key: self.key.to_string(), source })
            }
            Err(error) => Err(explain_s3(&self.key, error)),
        }
    }

    /// The bytes of an answer, which must be so many.
    async fn pieces(&self, got: GetResult, len: u64) -> Result<Pieces, ArtifactError> {
        let pieces: Pieces = got.into_stream().try_collect().await.map_err(|error| explain_s3(&self.key, error))?;
        if pieces.iter().map(|piece| piece.len() as u64).sum::<u64>() == len {
            return Ok(pieces);
        }
        Err(ArtifactError::Corrupt { key: self.key.to_string() })
    }
}
