//! The trace that a run is part of: one id from its submission through messages, attempts and artifacts to the store,
//! over all hosts that carry it.
//!
//! It is stored with the run as a W3C `traceparent`. With the feature `otel` spans of `tracing` take their parents from
//! it, and a run takes its trace from the span of its submission; without, it is only carried along.

use std::sync::Arc;

use tracing::Span;

/// How many spans a span that serves many is linked with; more would cost more than they tell.
const LINKS_MAX: usize = 32;

/// Makes the span of a submission part of the trace that the caller named, if it did; gives what is stored with the run.
pub(crate) fn begin(span: &Span, named: Option<Arc<str>>) -> Option<Arc<str>> {
    follow(span, named.as_deref());
    if span.is_disabled() && named.is_some() {
        return named;
    }
    bridge::traceparent(span).map(Arc::from).or(named)
}

/// The id of the trace that a `traceparent` names: what is looked for in logs.
pub(crate) fn id(traceparent: &str) -> Option<&str> {
    let id = traceparent.split('-').nth(1)?;
    (id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(id)
}

/// Makes a span a child of a run's trace.
pub(crate) fn follow(span: &Span, trace: Option<&str>) {
    if let Some(trace) = trace.filter(|_| !span.is_disabled()) {
        bridge::set_parent(span, trace);
    }
}

/// Tells which traces a span concerns: it is a child of a single one, and linked with several.
pub(crate) fn concern<'a>(span: &Span, traces: impl Iterator<Item = Option<&'a str>>) {
    if span.is_disabled() {
        return;
    }
    let traces: Vec<_> = traces.take(LINKS_MAX).flatten().collect();
    match traces[..] {
        [one] => bridge::set_parent(span, one),
        _ => traces.into_iter().for_each(|trace| bridge::link(span, trace)),
    }
}

/// A span for a write that serves these spans: a child of a single one, and linked with several.
pub(crate) fn of_write(members: &[Span]) -> Span {
    let writes = members.len();
    if let [one] = members {
        return tracing::debug_span!(parent: one, "write", writes);
    }
    let span = tracing::debug_span!(parent: None, "write", writes);
    if !span.is_disabled() {
        for member in members.iter().take(LINKS_MAX) {
            span.follows_from(member);
        }
    }
    span
}

#[cfg(feature = "otel")]
mod bridge {
    use opentelemetry::{
        Context,
        trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState},
    };
    use tracing::Span;
    use tracing_opentelemetry::OpenTelemetrySpanExt;

    /// The place of a span in its trace, or that of the current one where this one is switched off.
    pub(super) fn traceparent(span: &Span) -> Option<String> {
        let context = if span.is_disabled() { Span::current().context() } else { span.context() };
        let place = context.span().span_context().clone();
        place.is_valid().then(|| {
            let flags = place.trace_flags().to_u8();
            format!("00-{}-{}-{flags:02x}", place.trace_id(), place.span_id())
        })
    }

    pub(super) fn set_parent(span: &Span, trace: &str) {
        if let Some(place) = parse(trace)
            && let Err(error) = span.set_parent(Context::new().with_remote_span_context(place))
        {
            tracing::debug!(%error, "a span is not part of the trace of its run");
        }
    }

    pub(super) fn link(span: &Span, trace: &str) {
        if let Some(place) = parse(trace) {
            span.add_link(place);
        }
    }

    /// Reads a `traceparent`; one that names no place in a trace is none.
    fn parse(trace: &str) -> Option<SpanContext> {
        let mut parts = trace.split('-');
        let (version, id, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        if (version.len(), id.len(), span.len(), flags.len()) != (2, 32, 16, 2) {
            return None;
        }
        let (id, span) = (TraceId::from_hex(id).ok()?, SpanId::from_hex(span).ok()?);
        let flags = TraceFlags::new(u8::from_str_radix(flags, 16).ok()?) & TraceFlags::SAMPLED;
        let place = SpanContext::new(id, span, flags, true, TraceState::default());
        place.is_valid().then_some(place)
    }

    #[cfg(test)]
    mod tests {
        use super::parse;

        #[test]
        fn a_traceparent_that_names_no_place_is_none() {
            let good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
            let bad =
                ["", "00", "00-0-0-0", &good.replace("0af7651916cd43dd8448eb211c80319c", &"0".repeat(32)), "é-é-é-é"];

            assert!(parse(good).is_some_and(|place| place.is_sampled() && place.is_remote()));
            assert!(parse(&good.replace("-01", "-00")).is_some_and(|place| !place.is_sampled()));
            for bad in bad {
                assert!(parse(bad).is_none(), "{bad}");
            }
        }
    }
}

#[cfg(not(feature = "otel"))]
mod bridge {
    use tracing::Span;

    pub(super) fn traceparent(_: &Span) -> Option<String> {
        None
    }

    pub(super) fn set_parent(_: &Span, _: &str) {}

    pub(super) fn link(_: &Span, _: &str) {}
}
