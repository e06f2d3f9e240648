//! Headers that every answer has.

use std::sync::Arc;

use axum::{
    Router,
    http::{HeaderName, HeaderValue, header},
    response::Response,
};
use tower::util::MapResponseLayer;

use crate::ContestSettings;

/// Adds what tells browsers to be careful. What an answer says itself stays.
pub(crate) fn secure(router: Router, settings: &ContestSettings) -> Router {
    let mut headers = vec![
        // What may be kept says so itself.
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
        (header::REFERRER_POLICY, HeaderValue::from_static("strict-origin-when-cross-origin")),
        (
            HeaderName::from_static("permissions-policy"),
            HeaderValue::from_static("camera=(), geolocation=(), microphone=()"),
        ),
        (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
        (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    ];
    if settings.is_https() {
        let always = HeaderValue::from_static("max-age=31536000; includeSubDomains");
        headers.push((header::STRICT_TRANSPORT_SECURITY, always));
    }
    // An origin is made of letters that a header takes.
    let policy = HeaderValue::try_from(content_policy(settings));
    headers.extend(policy.map(|policy| (header::CONTENT_SECURITY_POLICY, policy)));
    let headers: Arc<[_]> = headers.into();
    // One layer for all: each costs an allocation a request.
    router.layer(MapResponseLayer::new(move |response| add(response, &headers)))
}

fn add(mut response: Response, headers: &[(HeaderName, HeaderValue)]) -> Response {
    for (name, value) in headers {
        response.headers_mut().entry(name).or_insert_with(|| value.clone());
    }
    response
}

/// The page and its files come from here, and nothing is written into it; videos may come from the artifact store.
fn content_policy(settings: &ContestSettings) -> String {
    let store = settings.store_origin.as_ref().map(|origin| format!(" {}", origin.origin().ascii_serialization()));
    let store = store.unwrap_or_default();
    format!(
        "default-src 'self'; img-src 'self' blob: data:{store}; media-src 'self' blob:{store}; connect-src 'self'{store}; \
         object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
}
