//! Objects that are given by this host, whole or a range of them (RFC 9110, section 14).

use std::{ops::Range, sync::Arc};

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures::{Stream, stream};
use stagemark::ports::{ArtifactError, ArtifactRanges};

use crate::{Kind, Problem, conditional::is_known};

/// How much of an object is in memory at a time for each who watches.
const PIECE_BYTES: u64 = 256 * 1024;

/// What is told of an object beside its bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Label<'a> {
    pub(super) content_type: &'static str,
    pub(super) cache: &'static str,
    /// What tells it from others, in quotes.
    pub(super) tag: &'a str,
}

/// Which bytes are asked for.
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    All,
    Part(Range<u64>),
    /// A range that the object does not have.
    Nothing,
}

/// The object, or the range of it that is asked for.
pub(super) fn give(asked: &HeaderMap, label: Label<'_>, object: Box<dyn ArtifactRanges>) -> Response {
    let size_bytes = object.size_bytes();
    if is_known(asked, label.tag) {
        return answer(StatusCode::NOT_MODIFIED, label, &[], Body::empty());
    }
    let pieces = |range| Body::from_stream(pieces(object, range));
    match range_of(asked, label.tag, size_bytes) {
        Asked::All => {
            let length = [(header::CONTENT_LENGTH, size_bytes.to_string())];
            answer(StatusCode::OK, label, &length, pieces(0..size_bytes))
        }
        Asked::Part(range) => {
            let bytes = format!("bytes {}-{}/{size_bytes}", range.start, range.end - 1);
            let told =
                [(header::CONTENT_RANGE, bytes), (header::CONTENT_LENGTH, (range.end - range.start).to_string())];
            answer(StatusCode::PARTIAL_CONTENT, label, &told, pieces(range))
        }
        Asked::Nothing => {
            let problem = Problem::new(Kind::NoSuchRange, format!("The file has {size_bytes} bytes."));
            ([(header::CONTENT_RANGE, format!("bytes */{size_bytes}"))], problem).into_response()
        }
    }
}

fn answer(status: StatusCode, label: Label<'_>, told: &[(HeaderName, String)], body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::ACCEPT_RANGES, "bytes"),
        (header::CACHE_CONTROL, label.cache),
        (header::CONTENT_DISPOSITION, "inline"),
        (header::CONTENT_TYPE, label.content_type),
        (header::ETAG, label.tag),
    ] {
        headers.extend(HeaderValue::from_str(value).map(|value| (name, value)));
    }
    for (name, value) in told {
        headers.extend(HeaderValue::from_str(value).map(|value| (name.clone(), value)));
    }
    response
}

fn range_of(asked: &HeaderMap, tag: &str, size_bytes: u64) -> Asked {
    let text = |name: HeaderName| asked.get(name).and_then(|value| value.to_str().ok());
    // A range of what has changed since would be joined to the rest of something else.
    if text(header::IF_RANGE).is_some_and(|of| of != tag) {
        return Asked::All;
    }
    // Several ranges at once, and units that are not known, may be answered with all.
    let ranges = text(header::RANGE).and_then(|range| range.trim().strip_prefix("bytes="));
    let Some((from, to)) = ranges.filter(|ranges| !ranges.contains(',')).and_then(|range| range.split_once('-')) else {
        return Asked::All;
    };
    match (from.trim().parse::<u64>(), to.trim().parse::<u64>(), from.trim().is_empty(), to.trim().is_empty()) {
        (Ok(from), Ok(to), ..) if from <= to => within(from, to.saturating_add(1), size_bytes),
        (Ok(from), _, _, true) => within(from, size_bytes, size_bytes),
        (_, Ok(last), true, _) if last > 0 => within(size_bytes.saturating_sub(last), size_bytes, size_bytes),
        (_, Ok(0), true, _) => Asked::Nothing,
        _ => Asked::All,
    }
}

fn within(from: u64, to: u64, size_bytes: u64) -> Asked {
    if from < size_bytes { Asked::Part(from..to.min(size_bytes)) } else { Asked::Nothing }
}

fn pieces(object: Box<dyn ArtifactRanges>, range: Range<u64>) -> impl Stream<Item = Result<Bytes, ArtifactError>> {
    let object: Arc<dyn ArtifactRanges> = object.into();
    stream::try_unfold(range, move |range| {
        let object = Arc::clone(&object);
        async move {
            if range.is_empty() {
                return Ok(None);
            }
            let end = range.end.min(range.start + PIECE_BYTES);
            let piece = object.read(range.start..end).await?;
            Ok(Some((piece, end..range.end)))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(range: &str) -> Asked {
        let headers = HeaderMap::from_iter([(header::RANGE, HeaderValue::from_str(range).unwrap())]);
        range_of(&headers, "\"tag\"", 1_000)
    }

    #[test]
    fn ranges_are_read_as_the_standard_says() {
        assert_eq!(asked("bytes=0-0"), Asked::Part(0..1));
        assert_eq!(asked("bytes=10-19"), Asked::Part(10..20));
        assert_eq!(asked("bytes=990-"), Asked::Part(990..1_000));
        assert_eq!(asked("bytes=-10"), Asked::Part(990..1_000));
        assert_eq!(asked("bytes=-5000"), Asked::Part(0..1_000));
        assert_eq!(asked("bytes=10-18446744073709551615"), Asked::Part(10..1_000));
    }

    #[test]
    fn a_range_beyond_the_end_is_none() {
        for range in ["bytes=1000-", "bytes=1000-1001", "bytes=-0"] {
            assert_eq!(asked(range), Asked::Nothing, "{range}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_answered_with_all() {
        for range in ["bytes=", "bytes=-", "bytes=9-1", "bytes=a-b", "items=0-1", "bytes=0-1,5-6", "bytes=--1"] {
            assert_eq!(asked(range), Asked::All, "{range}");
        }
    }
}
