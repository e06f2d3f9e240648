//! A run as it goes on, by server-sent events.
//!
//! Any host tells of any run. An event's id is made of what it says: whoever comes back, here or elsewhere, says what was
//! seen last, and is told of what is new since.

use std::{convert::Infallible, time::Duration};

use axum::{
    Extension,
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures::{Stream, StreamExt, future, stream};
use stagemark::{RunError, RunStatus};
use stagemark_contest_contract::{RunEvent, RunView};
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use super::{stages::view, status_of};
use crate::{Caller, Problem, Shared, body::Path, conditional, observe::Listener, serve::Ending, videos::administered};

/// How often a silence is broken, so that nobody on the way thinks the line dead.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// After so long whoever listens must come again, with a token that is still good.
const LIFE: Duration = Duration::from_mins(10);
/// When to come again, should the line break.
const RETRY: Duration = Duration::from_secs(2);

/// The run of a video as it goes on.
///
/// Events `status` say where it is, as the run itself does; the last one is `end`, and says so too. With the header
/// `Last-Event-ID` what was seen is not told again.
#[utoipa::path(
    get, path = "/api/videos/{id}/run/events", tag = "runs",
    params(("id" = Uuid, Path, description = "Which video"), ("Last-Event-ID" = Option<String>, Header, description = "What was seen last")),
    responses(
        (status = 200, description = "The events", body = RunEvent, content_type = "text/event-stream"),
        (status = 404, description = "not-found"),
    ),
    security(("token" = [])),
)]
pub(super) async fn run_events(
    State(api): State<Shared>,
    caller: Caller,
    Path(id): Path<Uuid>,
    ending: Option<Extension<Ending>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let run = administered(&api, caller, id).await?.run.ok_or_else(Problem::not_found)?;
    status_of(&api, run).await?.ok_or_else(Problem::not_found)?;
    let seen = headers.get("last-event-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
    let Ending(ending) = ending.map(|Extension(ending)| ending).unwrap_or_default();
    let events = events(api.engine.watch_run(run.into()), seen).take_until(ending.cancelled_owned());
    let events = Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE));
    // nginx would gather events until they fill a page.
    let unbuffered = (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    Ok(([unbuffered], events).into_response())
}

fn events(
    progress: impl Stream<Item = Result<RunStatus, RunError>> + Send + 'static,
    seen: Option<String>,
) -> impl Stream<Item = Result<Event, Infallible>> + Send {
    let until = Instant::now() + LIFE;
    let living = stream::unfold((Box::pin(progress), Listener::new()), move |(mut progress, listener)| async move {
        // Whoever listens comes again, and is answered by a host that lives, or with a problem.
        let status = timeout_at(until, progress.next()).await.ok()??.ok()?;
        Some((status, (progress, listener)))
    });
    let told = living.scan(seen, |seen, status| {
        let is_last = status.status.has_ended();
        let (id, data) = match written(&view(&status)) {
            Ok(written) => written,
            Err(error) => {
                tracing::error!(run = %status.run, %error, "where a run is cannot be told");
                return future::ready(None);
            }
        };
        let mut events = Vec::new();
        if seen.as_ref() != Some(&id) {
            events.push(Ok(event("status", &id, &data)));
        }
        if is_last {
            events.push(Ok(event("end", &id, &data)));
        }
        *seen = Some(id);
        future::ready(Some(stream::iter(events)))
    });
    told.flatten()
}

/// What a view says, and the id of that.
fn written(view: &RunView) -> Result<(String, String), serde_json::Error> {
    let data = serde_json::to_string(view)?;
    Ok((conditional::tag(data.as_bytes()), data))
}

fn event(name: &str, id: &str, data: &str) -> Event {
    Event::default().event(name).id(id).retry(RETRY).data(data)
}
