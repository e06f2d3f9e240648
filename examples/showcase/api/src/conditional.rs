//! Answers that need not be sent to those who have them.

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::Problem;

/// For what everybody sees alike: kept anywhere, and asked for again each time.
pub(crate) const SHARED: &str = "public, no-cache";
/// For what one player sees: kept by the browser, and asked for again each time.
pub(crate) const OWN: &str = "private, no-cache";

/// What tells an answer from others: the beginning of its SHA-256.
pub(crate) fn tag(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |half: u8| char::from(DIGITS[usize::from(half)]);
    Sha256::digest(bytes)[..16].iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0xf)]).collect()
}

/// An answer in JSON, and what tells it from others.
#[derive(Clone, Debug)]
pub(crate) struct Rendered {
    body: Bytes,
    /// In quotes.
    tag: HeaderValue,
}

impl Rendered {
    /// This value in JSON.
    pub(crate) fn of(value: &impl Serialize) -> Result<Self, Problem> {
        let body = serde_json::to_vec(value).map_err(|error| Problem::internal("writing an answer", &error))?;
        let tag = HeaderValue::try_from(format!("\"{}\"", tag(&body)));
        let tag = tag.map_err(|error| Problem::internal("tagging an answer", &error))?;
        Ok(Self { body: body.into(), tag })
    }

    /// The answer, or that it is the one that whoever asks has already.
    pub(crate) fn answer(self, asked: &HeaderMap, cache: &'static str) -> Response {
        let is_known = self.tag.to_str().is_ok_and(|tag| is_known(asked, tag));
        let mut response = Response::new(if is_known { Body::empty() } else { self.body.into() });
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
        headers.insert(header::VARY, HeaderValue::from_static("authorization"));
        headers.insert(header::ETAG, self.tag);
        if is_known {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        } else {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        response
    }
}

/// The answer in JSON, or that it is the one that whoever asks has already.
pub(crate) fn json<T: Serialize>(asked: &HeaderMap, cache: &'static str, value: &T) -> Result<Response, Problem> {
    Ok(Rendered::of(value)?.answer(asked, cache))
}

/// Whether whoever asks has the answer of this tag.
pub(crate) fn is_known(asked: &HeaderMap, tag: &str) -> bool {
    let tags = asked.get_all(header::IF_NONE_MATCH).iter().filter_map(|tags| tags.to_str().ok());
    // Whoever shortens answers on the way makes tags weak.
    tags.flat_map(|tags| tags.split(',')).map(|tag| tag.trim().trim_start_matches("W/")).any(|t| t == tag || t == "*")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(tags: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::IF_NONE_MATCH, HeaderValue::from_str(tags).unwrap())])
    }

    #[test]
    fn what_is_known_is_not_sent() {
        let first = json(&HeaderMap::new(), OWN, &1).unwrap();
        let tag = first.headers()[header::ETAG].to_str().unwrap().to_owned();

        assert_eq!(first.status(), StatusCode::OK);
        for tags in [tag.clone(), format!("W/{tag}"), format!("\"a\", {tag}"), "*".to_owned()] {
            assert_eq!(json(&asked(&tags), OWN, &1).unwrap().status(), StatusCode::NOT_MODIFIED, "{tags}");
        }
        assert_eq!(json(&asked(&tag), OWN, &2).unwrap().status(), StatusCode::OK);
    }
}
