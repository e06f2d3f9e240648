//! Boards, a page at a time, and the neighbours of a player.

use axum::{extract::State, http::HeaderMap, response::Response};
use serde::Deserialize;
use stagemark_contest_contract::{CITIES, Computed, Place, Ranking};
use stagemark_contest_ranking::{Board, Origin, RankingError, View, Window};
use utoipa::IntoParams;

use super::together::Together;
use crate::{
    Api, Caller, Kind, Problem, Shared,
    body::Query,
    conditional::{self, Rendered},
    cursor::Cursors,
};

/// Pages that are being read, each once for all who ask for it at one time.
pub(crate) type Pages = Together<Page, Result<Rendered, Problem>>;

/// A page of a board.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Page {
    board: Board,
    offset: u32,
    limit: u32,
}

const LIMIT_MAX: u32 = 100;
const LIMIT: u32 = 20;
const RADIUS_MAX: u32 = 50;
const RADIUS: u32 = 5;
const CURSORS: Cursors = Cursors(b'r');

/// Which part of which board is shown.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Asked {
    /// The board of this city; without it that of all players.
    #[param(max_length = 40)]
    city: Option<String>,
    /// The page after this, as the page before gave it.
    #[param(max_length = 64)]
    cursor: Option<String>,
    /// How many places at most.
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u32>,
}

/// Which neighbours are shown.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct AskedAround {
    /// The board of this city; without it that of all players.
    #[param(max_length = 40)]
    city: Option<String>,
    /// How many places at most on each side.
    #[param(minimum = 0, maximum = 50, default = 5)]
    radius: Option<u32>,
}

/// A page of a board.
///
/// Scores are rounded to hundredths. A board moves between two pages: a place may be seen twice, or not at all.
#[utoipa::path(
    get, path = "/api/rankings", tag = "rankings", params(Asked),
    responses(
        (status = 200, description = "The page", body = Ranking, headers(("ETag" = String, description = "What tells this answer from others"))),
        (status = 304, description = "It is the one that whoever asks has"),
    ),
)]
pub(super) async fn ranking(
    State(api): State<Shared>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let limit = within("limit", asked.limit.unwrap_or(LIMIT), (1, LIMIT_MAX))?;
    let offset = asked.cursor.as_deref().map_or(Ok(0), rank_of)?;
    let page = Page { board: board(asked.city)?, offset, limit };
    let read = {
        let (api, page) = (Shared::clone(&api), page.clone());
        move || {
            let (api, page) = (Shared::clone(&api), page.clone());
            async move { page.read(&api).await }
        }
    };
    let broken = || Problem::new(Kind::Internal, "The fault is on this side and was recorded. Try again later.");
    let rendered = api.pages.ask(page, read).await.unwrap_or_else(|| Err(broken()))?;
    Ok(rendered.answer(&headers, conditional::SHARED))
}

impl Page {
    async fn read(&self, api: &Api) -> Result<Rendered, Problem> {
        let view = api.rankings.view(&self.board, Window::Page { offset: self.offset, limit: self.limit }).await?;
        let next = view
            .standings
            .last()
            .map(|last| last.rank)
            .filter(|rank| *rank < view.total)
            .map(|rank| CURSORS.behind(&rank.to_be_bytes()));
        Rendered::of(&shown(api, &self.board, view, next).await?)
    }
}

/// Whoever asks, with the neighbours on a board. Who has no place there sees nobody.
#[utoipa::path(
    get, path = "/api/rankings/around-me", tag = "rankings", params(AskedAround), security(("token" = [])),
    responses(
        (status = 200, description = "The places", body = Ranking, headers(("ETag" = String, description = "What tells this answer from others"))),
        (status = 304, description = "It is the one that whoever asks has"),
    ),
)]
pub(super) async fn ranking_around_me(
    State(api): State<Shared>,
    caller: Caller,
    Query(asked): Query<AskedAround>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let radius = within("radius", asked.radius.unwrap_or(RADIUS), (0, RADIUS_MAX))?;
    let board = board(asked.city)?;
    let view = api.rankings.view(&board, Window::Around { player: caller.player, radius }).await?;
    conditional::json(&headers, conditional::OWN, &shown(&api, &board, view, None).await?)
}

fn within(field: &str, number: u32, (min, max): (u32, u32)) -> Result<u32, Problem> {
    let is_within = (min..=max).contains(&number);
    is_within.then_some(number).ok_or_else(|| Problem::field(field, format!("must be from {min} to {max}")))
}

/// Only boards that exist: others would be made and kept, each.
fn board(city: Option<String>) -> Result<Board, Problem> {
    match city {
        None => Ok(Board::Global),
        Some(city) if CITIES.contains(&city.as_str()) => Ok(Board::city(city)),
        Some(_) => Err(Problem::field("city", "must be one of those of /api/cities")),
    }
}

async fn shown(api: &Api, board: &Board, view: View, next_cursor: Option<String>) -> Result<Ranking, Problem> {
    let players: Vec<_> = view.standings.iter().map(|standing| standing.player).collect();
    let names = api.names.of(&api.records, &players).await?;
    let place = |standing: stagemark_contest_ranking::Standing| {
        let player = names.get(&standing.player)?.clone();
        let score = (standing.score * 100.0).round() / 100.0;
        Some(Place { rank: standing.rank.into(), player, score })
    };
    let items = view.standings.into_iter().filter_map(place).collect();
    let computed = match view.origin {
        Origin::Cache => Computed::Cache,
        Origin::Database => Computed::Database,
    };
    let board = match board {
        Board::Global => "global".to_owned(),
        Board::City(city) => city.to_string(),
    };
    Ok(Ranking { board, items, next_cursor, computed })
}

/// Behind which rank a page begins.
fn rank_of(cursor: &str) -> Result<u32, Problem> {
    CURSORS.place(cursor, |place| Some(u32::from_be_bytes(place.try_into().ok()?)))
}

impl From<RankingError> for Problem {
    fn from(error: RankingError) -> Self {
        Self::unavailable("reading a ranking", &error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_says_behind_which_rank_its_page_begins() {
        for rank in [0, 1, 100, u32::MAX] {
            assert_eq!(rank_of(&CURSORS.behind(&rank.to_be_bytes())).unwrap(), rank);
        }
        assert!(rank_of(&CURSORS.behind(b"12345")).is_err());
    }

    #[test]
    fn there_are_boards_of_cities_that_players_come_from_alone() {
        assert_eq!(board(Some(CITIES[0].to_owned())).unwrap(), Board::city(CITIES[0]));
        assert!(board(Some("Atlantis".to_owned())).is_err());
    }
}
