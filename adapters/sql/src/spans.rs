//! What traces tell of each call of the database, by OpenTelemetry's conventions for database clients.
//!
//! A call is what the database answers as one: mostly a statement, and for a batch of writes a transaction. No values are
//! told.

use std::fmt;

use stagemark::ports::{StoreError, Write};
use tracing::{Instrument, Span, field::Empty};

/// Of which database the spans are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum System {
    #[cfg(feature = "sqlite")]
    Sqlite,
    #[cfg(feature = "postgres")]
    Postgres,
}

/// Makes a call in a span of its own: a part of the current one, and named by the summary.
pub(crate) async fn call<T>(span: Span, asked: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    let answer = asked.instrument(span.clone()).await;
    if let Err(error) = &answer {
        span.record("otel.status_code", "ERROR").record("error.type", tracing::field::debug(error.kind));
    }
    answer
}

impl System {
    /// The span of a query that is part of something traced: the polls of a worker would be a trace each.
    pub(crate) fn span(self, operation: &str, summary: impl fmt::Display) -> Span {
        if Span::current().is_disabled() {
            return Span::none();
        }
        tracing::debug_span!(
            "sql",
            otel.name = %summary,
            otel.kind = "client",
            otel.status_code = Empty,
            db.system.name = self.name(),
            db.operation.name = operation,
            db.operation.batch.size = Empty,
            db.query.summary = %summary,
            "error.type" = Empty,
        )
    }

    /// The span of a batch of writes.
    pub(crate) fn span_of(self, writes: &[Write]) -> Span {
        let span = self.span("BATCH", Summary(writes));
        if writes.len() > 1 {
            span.record("db.operation.batch.size", writes.len());
        }
        span
    }

    fn name(self) -> &'static str {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite => "sqlite",
            #[cfg(feature = "postgres")]
            Self::Postgres => "postgresql",
        }
    }
}

/// Which tables writes are about; they are looked at only where the span is wanted.
struct Summary<'a>(&'a [Write]);

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let changes =
            || self.0.iter().filter_map(|write| if let Write::Change(change) = write { Some(change) } else { None });
        let parts = [
            (self.0.iter().any(|write| matches!(write, Write::Submit(_))), "INSERT stagemark_run"),
            (changes().any(|change| !change.markers.is_empty()), "INSERT stagemark_marker"),
            (changes().any(|change| change.row.is_some()), "UPDATE stagemark_run"),
        ];
        f.write_str("BATCH")?;
        parts.iter().filter(|(is_part, _)| *is_part).try_for_each(|(_, part)| write!(f, " {part}"))
    }
}
