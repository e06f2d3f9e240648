//! The trace of a request: one id from the browser to the last artifact, also where no collector is told of it.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderValue};
use opentelemetry::{
    Context,
    trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState},
};
use stagemark::Submit;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

tokio::task_local! {
    static CURRENT: Trace;
}

/// The place of a request in its trace, as a `traceparent` of W3C Trace Context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Trace(Arc<str>);

impl Trace {
    /// The place of this span, which becomes a child of the one that the client names, if it names one. Where no spans are
    /// made for a collector it is a place of its own, in the client's trace or in a new one.
    pub(crate) fn begin(span: &Span, headers: &HeaderMap) -> Self {
        let named = headers.get("traceparent").and_then(|named| parse(named.to_str().ok()?));
        if let Some(named) = named.clone().filter(|_| !span.is_disabled())
            && let Err(error) = span.set_parent(Context::new().with_remote_span_context(named))
        {
            tracing::debug!(%error, "a request is not part of its client's trace");
        }
        let context = span.context();
        let seen = context.span().span_context().clone();
        if seen.is_valid() && !span.is_disabled() {
            return Self::of(seen.trace_id(), seen.span_id(), seen.trace_flags());
        }
        let (trace, flags) = named.map_or_else(
            || (TraceId::from_bytes(rand::random()), TraceFlags::SAMPLED),
            |named| (named.trace_id(), named.trace_flags()),
        );
        Self::of(trace, SpanId::from_bytes(rand::random()), flags)
    }

    fn of(trace: TraceId, span: SpanId, flags: TraceFlags) -> Self {
        Self(format!("00-{trace}-{span}-{:02x}", flags.to_u8()).into())
    }

    /// That of the request that is being answered.
    pub(crate) fn current() -> Option<Self> {
        CURRENT.try_with(Clone::clone).ok()
    }

    /// Answers a request whose trace this is.
    pub(crate) async fn follow<T>(self, answer: impl Future<Output = T>) -> T {
        CURRENT.scope(self, answer).await
    }

    /// The id of the trace: what is looked for in logs.
    pub(crate) fn id(&self) -> &str {
        self.0.split('-').nth(1).unwrap_or(&self.0)
    }

    /// As the answer tells it.
    pub(crate) fn header(&self) -> Option<HeaderValue> {
        HeaderValue::from_str(&self.0).ok()
    }
}

/// Makes a run a part of the trace of the request that is being answered.
pub(crate) fn traced<In, Out>(submit: Submit<In, Out>) -> Submit<In, Out> {
    match Trace::current() {
        Some(Trace(traceparent)) => submit.trace(traceparent),
        None => submit,
    }
}

/// The id of the trace that a `traceparent` names, if it names one.
pub(crate) fn id_in(traceparent: &str) -> Option<String> {
    parse(traceparent).map(|place| place.trace_id().to_string())
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

    const NAMED: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn a_trace_that_is_none_is_not_followed() {
        assert!(parse(NAMED).is_some_and(|place| place.is_sampled() && place.is_remote()));
        let nowhere = NAMED.replace("b7ad6b7169203331", "0000000000000000");
        for bad in ["", "00", "00-0-0-0", "é-é-é-é", &nowhere, &NAMED[1..]] {
            assert!(parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn without_a_collector_a_request_has_a_place_of_its_own_in_the_trace_of_its_client() {
        let headers = HeaderMap::from_iter([("traceparent".parse().unwrap(), HeaderValue::from_static(NAMED))]);

        let trace = Trace::begin(&Span::none(), &headers);

        assert_eq!(trace.id(), "0af7651916cd43dd8448eb211c80319c");
        assert_ne!(&*trace.0, NAMED);
        assert_eq!(parse(&trace.0).unwrap().trace_flags(), TraceFlags::SAMPLED);
    }

    #[test]
    fn a_request_whose_client_names_no_trace_has_one_of_its_own() {
        let [one, other] = [(); 2].map(|()| Trace::begin(&Span::none(), &HeaderMap::new()));

        assert!(parse(&one.0).is_some() && parse(&other.0).is_some());
        assert_ne!(one.id(), other.id());
    }
}
