//! What operators see of requests: how many, how long they took, and to which trace they belong.

use std::time::Instant;

use axum::{
    extract::{MatchedPath, Request},
    http::{HeaderMap, Method},
    middleware::Next,
    response::Response,
};
use metrics::{Unit, counter, describe_counter, describe_histogram, gauge, histogram};
use opentelemetry::{
    Context,
    trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState},
};
use tracing::{Instrument, Span, field::Empty};
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// Says what the metrics are.
pub(crate) fn describe() {
    describe_counter!("contest_http_requests_total", "Requests, by method, path as the description has it, and status");
    describe_histogram!("contest_http_request_seconds", Unit::Seconds, "How long it took until the answer began");
}

/// Counts a request, and puts what is done for it into a span of the trace that the client names.
pub(crate) async fn request(request: Request, next: Next) -> Response {
    let method = method(request.method());
    // As the description has it: paths that clients make up would be as many as they like.
    let path = request.extensions().get::<MatchedPath>().map_or("other", MatchedPath::as_str).to_owned();
    let span = tracing::info_span!(
        "request",
        otel.name = format!("{method} {path}"),
        otel.kind = "server",
        http.request.method = method,
        http.route = path,
        http.response.status_code = Empty,
    );
    follow(&span, request.headers());
    let (begun, under_way) = (Instant::now(), UnderWay::begin());
    let response = next.run(request).instrument(span.clone()).await;
    drop(under_way);
    let status = response.status().as_u16();
    span.record("http.response.status_code", status);
    histogram!("contest_http_request_seconds", "method" => method, "path" => path.clone()).record(begun.elapsed());
    counter!("contest_http_requests_total", "method" => method, "path" => path, "status" => status.to_string())
        .increment(1);
    response
}

/// Methods that clients make up are one.
fn method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::PATCH => "PATCH",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// A request that is being answered, or whose client has gone in the middle of it.
struct UnderWay;

impl UnderWay {
    fn begin() -> Self {
        gauge!("contest_http_requests_under_way").increment(1);
        Self
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        gauge!("contest_http_requests_under_way").decrement(1);
    }
}

/// Makes a span a child of the one that the client names, if it names one.
fn follow(span: &Span, headers: &HeaderMap) {
    let named = headers.get("traceparent").and_then(|named| named.to_str().ok()).and_then(parse);
    if let Some(place) = named.filter(|_| !span.is_disabled())
        && let Err(error) = span.set_parent(Context::new().with_remote_span_context(place))
    {
        tracing::debug!(%error, "a request is not part of its client's trace");
    }
}

/// Reads a `traceparent`; one that names no place in a trace is none.
fn parse(named: &str) -> Option<SpanContext> {
    let parts: Vec<_> = named.split('-').collect();
    let [version, trace, span, flags, ..] = parts[..] else { return None };
    if (version.len(), trace.len(), span.len(), flags.len()) != (2, 32, 16, 2) {
        return None;
    }
    let flags = TraceFlags::new(u8::from_str_radix(flags, 16).ok()?) & TraceFlags::SAMPLED;
    let (trace, span) = (TraceId::from_hex(trace).ok()?, SpanId::from_hex(span).ok()?);
    let place = SpanContext::new(trace, span, flags, true, TraceState::default());
    place.is_valid().then_some(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_that_is_none_is_not_followed() {
        let good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

        assert!(parse(good).is_some_and(|place| place.is_sampled() && place.is_remote()));
        for bad in ["", "00", "00-0-0-0", "é-é-é-é", &good.replace("b7ad6b7169203331", "0000000000000000"), &good[1..]]
        {
            assert!(parse(bad).is_none(), "{bad}");
        }
    }
}
