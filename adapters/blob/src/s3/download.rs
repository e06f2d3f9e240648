//! An artifact on its way out of a bucket: range by range, the next ones fetched while one is used.
//!
//! A single request for all of it would have to be as slow as whoever uses the bytes, and would run out of time.

use std::{ops::Range, sync::Arc, time::Duration};

use bytes::Bytes;
use futures::{Stream, StreamExt, TryStreamExt, stream, stream::BoxStream};
use object_store::{Error, GetOptions, GetRange, GetResult, ObjectStore, path::Path};
use stagemark::ports::ArtifactError;
use tokio::time::{Instant, sleep};
use tokio_util::task::AbortOnDropHandle;

use super::{
    Inner,
    checksum::{Check, HEADER, MODE},
    sigv4::Request,
};
use crate::failure::explain_s3;

/// How many ranges are fetched ahead of the one that is used.
pub(super) const AHEAD_MAX: usize = 2;
/// Before an answer that stopped half-way is asked for again.
const WAIT: Duration = Duration::from_millis(200);

/// What is fetched: the object that was there when it was first asked for, and no other.
#[derive(Clone)]
pub(super) struct Source {
    pub(super) inner: Arc<Inner>,
    pub(super) key: Arc<str>,
    pub(super) place: Path,
    pub(super) tag: Option<String>,
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
    let (first, known) = tokio::join!(source.first(range_bytes), source.known());
    let Some(first) = first? else { return Ok(stream::empty().boxed()) };
    let size = first.meta.size;
    source.tag.clone_from(&first.meta.e_tag);
    let end = size.min(range_bytes);
    let first = match source.pieces(first, end).await {
        Err(ArtifactError::Store { .. }) => source.clone().fetch(0..end).await?,
        first => first?,
    };
    let check = known?.filter(|known| known.tag == source.tag).and_then(|known| Check::of(&known.checksum));

    let key = Arc::clone(&source.key);
    let rest =
        (1..size.div_ceil(range_bytes)).map(move |number| number * range_bytes..size.min((number + 1) * range_bytes));
    let rest = stream::iter(rest).map(move |range| source.clone().fetch_apart(range)).buffered(AHEAD_MAX);
    let ranges = stream::once(async move { Ok(first) }).chain(rest);
    let checked = checked(ranges, size, check, key);
    Ok(checked.map_ok(|pieces| stream::iter(pieces.into_iter().map(Ok))).try_flatten().boxed())
}

/// The pieces of the ranges; those of the last one only if all of them are what was written.
fn checked(
    ranges: impl Stream<Item = Result<Pieces, ArtifactError>> + Send,
    size: u64,
    mut check: Option<Check>,
    key: Arc<str>,
) -> impl Stream<Item = Result<Pieces, ArtifactError>> + Send {
    let mut done = 0;
    ranges.map(move |pieces| {
        let pieces = pieces?;
        for piece in &pieces {
            done += piece.len() as u64;
            if let Some(check) = &mut check {
                check.add(piece);
            }
        }
        let is_wrong = done == size && check.as_ref().is_some_and(|check| !check.holds());
        if is_wrong { Err(ArtifactError::Corrupt { key: key.to_string() }) } else { Ok(pieces) }
    })
}

/// What the store knows of an object.
struct Known {
    tag: Option<String>,
    checksum: String,
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

    /// What the store says of the object, if it keeps a checksum of it; `object_store` has no words for it.
    async fn known(&self) -> Result<Option<Known>, ArtifactError> {
        let headers = vec![(MODE.0, MODE.1.to_owned())];
        let request = Request { method: "HEAD", bucket: "", object: self.place.as_ref(), query: Vec::new(), headers };
        let answer = self.inner.raw.send(&request, "").await;
        let answer = answer.map_err(|source| ArtifactError::Store { key: self.key.to_string(), source })?;
        let told = |name| answer.headers.get(name).and_then(|value| Some(value.to_str().ok()?.to_owned()));
        Ok(told(HEADER).map(|checksum| Known { tag: told("etag"), checksum }))
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

    /// Fetches a range, by one request if the store does not fail.
    pub(super) async fn fetch(self, range: Range<u64>) -> Result<Pieces, ArtifactError> {
        let (begun, len) = (Instant::now(), range.end - range.start);
        loop {
            let range = Some(GetRange::Bounded(range.clone()));
            let options = GetOptions { range, if_match: self.tag.clone(), ..GetOptions::default() };
            let got = match self.get(options).await {
                Ok(got) => got,
                Err(Error::Precondition { .. } | Error::NotFound { .. }) => {
                    let source = "it was replaced or removed while it was read; read it again".into();
                    return Err(ArtifactError::Store { key: self.key.to_string(), source });
                }
                Err(error) => return Err(explain_s3(&self.key, error)),
            };
            match self.pieces(got, len).await {
                // An answer that stops half-way is asked for again; `object_store` does so but for some causes.
                Err(ArtifactError::Store { .. }) if begun.elapsed() < self.inner.options.limits().1 => {}
                done => return done,
            }
            sleep(WAIT).await;
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
