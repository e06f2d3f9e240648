//! Lists of videos: the latest first, by player, by a word.

use axum::{extract::State, http::HeaderMap, response::Response};
use serde::Deserialize;
use stagemark_contest_contract::{Page, VideoCard};
use stagemark_contest_records::lists::{self, Wanted};
use utoipa::IntoParams;
use uuid::Uuid;

use super::cards::{cards, seen_by};
use crate::{Caller, Kind, Problem, Shared, body::Query, conditional, cursor::Cursors};

const LIMIT_MAX: u32 = 100;
const LIMIT: u32 = 20;
const TEXT_CHARS_MAX: usize = 80;
const CURSORS: Cursors = Cursors(b'v');

/// Which videos are listed.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Asked {
    /// Those whose title or whose player's name has this in it.
    #[param(max_length = 80)]
    q: Option<String>,
    /// Those of this player, by id or by name.
    #[param(max_length = 80)]
    player: Option<String>,
    /// Those of whoever asks, in all states.
    #[serde(default)]
    mine: bool,
    /// The page after this, as the page before gave it.
    #[param(max_length = 64)]
    cursor: Option<String>,
    /// How many at most.
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u32>,
}

/// A page of videos, the latest first.
///
/// A page goes on where the one before ended, whatever came in at the beginning of the list meanwhile.
#[utoipa::path(
    get, path = "/api/videos", tag = "videos", params(Asked),
    responses(
        (status = 200, description = "The page", body = Page<VideoCard>, headers(("ETag" = String, description = "What tells this answer from others"))),
        (status = 304, description = "It is the one that whoever asks has"),
        (status = 401, description = "unauthenticated"),
    ),
    security((), ("token" = [])),
)]
pub(super) async fn list_videos(
    State(api): State<Shared>,
    caller: Option<Caller>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let limit = asked.limit.unwrap_or(LIMIT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(Problem::field("limit", format!("must be from 1 to {LIMIT_MAX}")));
    }
    let wanted = wanted(asked, caller)?;
    let cache = if caller.is_some() { conditional::OWN } else { conditional::SHARED };
    // What most ask for is kept ready.
    if (Wanted { after: wanted.after, ..Wanted::default() }) == wanted
        && let Some(part) = api.latest.part(wanted.after, limit as usize).await?
    {
        let last = part.cards.last().filter(|_| part.has_next);
        let next_cursor = last.map(|card| CURSORS.behind(card.id.as_bytes()));
        return conditional::json(
            &headers,
            cache,
            &Page { items: seen_by(&api, caller, part.cards).await?, next_cursor },
        );
    }
    // One more than is given tells whether there is a next page.
    let mut videos = lists::page(api.records.reader(), &wanted, u64::from(limit) + 1).await?;
    let has_next = videos.len() > limit as usize;
    videos.truncate(limit as usize);
    let next_cursor = videos.last().filter(|_| has_next).map(|(video, _)| CURSORS.behind(video.id.as_bytes()));
    let page = Page { items: cards(&api, caller, videos).await?, next_cursor };
    conditional::json(&headers, cache, &page)
}

fn wanted(asked: Asked, caller: Option<Caller>) -> Result<Wanted, Problem> {
    let after = asked.cursor.as_deref().map(|cursor| CURSORS.place(cursor, |place| Uuid::from_slice(place).ok()));
    let mut wanted = Wanted { after: after.transpose()?, ..Wanted::default() };
    wanted.text = asked.q.map(|text| word("q", &text)).transpose()?.filter(|text| !text.is_empty());
    if let Some(player) = asked.player {
        match player.parse() {
            Ok(id) => wanted.player = Some(id),
            Err(_) => wanted.player_name = Some(word("player", &player)?),
        }
    }
    if asked.mine {
        let caller = caller.ok_or_else(|| Problem::new(Kind::Unauthenticated, "Sign in to see your own videos."))?;
        if wanted.player.is_some_and(|player| player != caller.player) || wanted.player_name.is_some() {
            return Err(Problem::field("player", "cannot be given with mine"));
        }
        (wanted.player, wanted.all_states) = (Some(caller.player), true);
    }
    Ok(wanted)
}

fn word(field: &str, text: &str) -> Result<String, Problem> {
    let text = text.trim();
    // PostgreSQL keeps no text with a zero in it, and refuses to compare with one.
    if text.chars().count() > TEXT_CHARS_MAX || text.contains('\0') {
        return Err(Problem::field(field, format!("must have at most {TEXT_CHARS_MAX} characters")));
    }
    Ok(text.to_owned())
}
