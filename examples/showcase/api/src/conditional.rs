//! Answers that need not be sent to those who have them.

use axum::{
    body::Body,
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
    Sha256::digest(bytes)[..16].iter().fold(String::with_capacity(32), |tag, byte| tag + &format!("{byte:02x}"))
}

/// The answer in JSON, or that it is the one that whoever asks has already.
pub(crate) fn json<T: Serialize>(asked: &HeaderMap, cache: &'static str, value: &T) -> Result<Response, Problem> {
    let body = serde_json::to_vec(value).map_err(|error| Problem::internal("writing an answer", &error))?;
    let tag = format!("\"{}\"", tag(&body));
    let is_known = is_known(asked, &tag);
    let mut response = Response::new(if is_known { Body::empty() } else { body.into() });
    let headers = response.headers_mut();
    if !is_known {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    headers.insert(header::VARY, HeaderValue::from_static("authorization"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    if is_known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    Ok(response)
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
