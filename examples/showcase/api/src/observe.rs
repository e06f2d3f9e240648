//! What operators see of requests: how many, how long they took, and to which trace they belong.

use std::time::Instant;

use axum::{
    extract::{MatchedPath, Request},
    http::{HeaderName, Method},
    middleware::Next,
    response::Response,
};
use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use tracing::{Instrument, field::Empty};

use crate::trace::Trace;

/// Tells the client to which trace its request belongs, as the draft of W3C Trace Context for answers has it.
const TRACE: HeaderName = HeaderName::from_static("traceresponse");

/// Says what the metrics are.
pub(crate) fn describe() {
    describe_counter!("contest_http_requests_total", "Requests, by method, path as the description has it, and status");
    describe_histogram!("contest_http_request_seconds", Unit::Seconds, "How long it took until the answer began");
    describe_gauge!("contest_http_requests_under_way", "Requests whose answer has not begun");
    describe_gauge!("contest_event_streams", "Streams of events that somebody listens to");
    describe_counter!("contest_rankings_computed_total", "Boards that were computed from the database");
}

/// Counts a request, and puts what is done for it into a span of the trace that the client names. The trace's id stands in
/// all that is logged meanwhile, in the answer, and with the runs that are submitted.
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
        trace = Empty,
    );
    let trace = Trace::begin(&span, request.headers());
    span.record("trace", trace.id());
    let (begun, under_way) = (Instant::now(), UnderWay::begin());
    let mut response = trace.clone().follow(next.run(request).instrument(span.clone())).await;
    drop(under_way);
    let status = response.status().as_u16();
    span.record("http.response.status_code", status);
    response.headers_mut().extend(trace.header().map(|trace| (TRACE, trace)));
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

/// Somebody who listens to a stream of events.
pub(crate) struct Listener(());

impl Listener {
    pub(crate) fn new() -> Self {
        gauge!("contest_event_streams").increment(1);
        Self(())
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        gauge!("contest_event_streams").decrement(1);
    }
}
