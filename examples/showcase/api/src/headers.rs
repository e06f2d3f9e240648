//! Headers that every answer has.

use axum::{
    Router,
    http::{HeaderName, HeaderValue, header},
};
use tower_http::set_header::SetResponseHeaderLayer;

use crate::ContestSettings;

/// Adds what tells browsers to be careful. What an answer says itself stays.
pub(crate) fn secure(router: Router, settings: &ContestSettings) -> Router {
    let policy = content_policy(settings);
    let router = router
        .layer(set(header::CONTENT_SECURITY_POLICY, &policy))
        // What may be kept says so itself.
        .layer(set(header::CACHE_CONTROL, "no-store"))
        .layer(set(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(set(header::X_FRAME_OPTIONS, "DENY"))
        .layer(set(header::REFERRER_POLICY, "strict-origin-when-cross-origin"))
        .layer(set(HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"))
        .layer(set(HeaderName::from_static("cross-origin-opener-policy"), "same-origin"))
        .layer(set(HeaderName::from_static("cross-origin-resource-policy"), "same-origin"));
    if settings.is_https() {
        router.layer(set(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000; includeSubDomains"))
    } else {
        router
    }
}

fn set(name: HeaderName, value: &str) -> SetResponseHeaderLayer<Option<HeaderValue>> {
    SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_str(value).ok())
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
