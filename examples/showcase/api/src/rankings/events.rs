//! The intake of events: views, and the time that videos were watched.

use axum::{Json as Answer, extract::State, http::StatusCode};
use stagemark_contest_contract::{Event, EventKind, Events, FieldProblem, Intake, Moment};
use stagemark_contest_ranking::{intake, steps::AGE_MAX};
use stagemark_contest_records::{entity::event::Kind, events::NewEvent};

use crate::{Problem, Shared, address::ClientAddress, body::Json, problem::whole};

const EVENTS_MAX: usize = 100;
const WATCH_MS_MAX: u32 = 600_000;
const AGE_MS_MAX: u64 = AGE_MAX.as_secs() * 1_000;

/// Takes what a page has seen since it last told. Nobody needs to be signed in for it.
///
/// An event that was sent before is counted once. One of a video that cannot be watched, or from more than a day ago, is
/// neither accepted nor repeated. One from the future is taken to be of now.
#[utoipa::path(
    post, path = "/api/events", tag = "rankings", request_body = Events,
    responses((status = 202, description = "They are taken", body = Intake), (status = 429, description = "rate-limited")),
)]
pub(super) async fn take_events(
    State(api): State<Shared>,
    ClientAddress(address): ClientAddress,
    Json(sent): Json<Events>,
) -> Result<(StatusCode, Answer<Intake>), Problem> {
    api.limits.events(address)?;
    check(&sent.events)?;
    let new = wanted(&sent.events, Moment::now());
    if new.is_empty() {
        return Ok((StatusCode::ACCEPTED, Answer(Intake { accepted: 0, repeated: 0 })));
    }
    let transaction = api.records.begin().await?;
    let taken = intake::take(&transaction, &new).await?;
    transaction.commit().await?;
    // From here on nothing is lost: what is not counted now is counted by the next consolidation.
    api.rankings.count(&taken.events).await;
    let number = |count: usize| whole("counting events", count);
    let intake = Intake { accepted: number(taken.events.len())?, repeated: number(taken.repeated)? };
    Ok((StatusCode::ACCEPTED, Answer(intake)))
}

fn check(events: &[Event]) -> Result<(), Problem> {
    if !(1..=EVENTS_MAX).contains(&events.len()) {
        return Err(Problem::field("events", format!("must be from 1 to {EVENTS_MAX}")));
    }
    let wrong = events.iter().enumerate().filter_map(|(at, event)| {
        let message = match (event.kind, event.watch_ms) {
            (EventKind::View, Some(_)) => "is only for events of the kind watch".to_owned(),
            (EventKind::Watch, None) => "is missing".to_owned(),
            (EventKind::Watch, Some(watch_ms)) if watch_ms > WATCH_MS_MAX => format!("must be at most {WATCH_MS_MAX}"),
            _ => return None,
        };
        Some(FieldProblem { field: format!("events[{at}].watch_ms"), message })
    });
    let wrong: Vec<_> = wrong.collect();
    if wrong.is_empty() { Ok(()) } else { Err(Problem::fields(wrong)) }
}

fn wanted(events: &[Event], now: Moment) -> Vec<NewEvent> {
    let oldest = now.0.saturating_sub_unsigned(AGE_MS_MAX);
    let recent = events.iter().filter(|event| event.at.0 >= oldest);
    let new = |event: &Event| NewEvent {
        id: event.id,
        video: event.video,
        kind: match event.kind {
            EventKind::View => Kind::View,
            EventKind::Watch => Kind::Watch,
        },
        watch_ms: event.watch_ms.unwrap_or(0).into(),
        at: event.at.0.min(now.0),
    };
    recent.map(new).collect()
}
