//! Who is signed in, and where players may come from.

use axum::{
    Json,
    extract::State,
    http::{HeaderName, header},
};
use sea_orm::EntityTrait;
use stagemark_contest_contract::{CITIES, Player, Role};
use stagemark_contest_records::entity::player;

use crate::{Caller, Kind, Problem, Shared};

/// Who is signed in.
#[utoipa::path(
    get, path = "/api/me", tag = "accounts", security(("token" = [])),
    responses((status = 200, description = "The player", body = Player)),
)]
pub(super) async fn me(State(api): State<Shared>, caller: Caller) -> Result<Json<Player>, Problem> {
    let found = player::Entity::find_by_id(caller.player).one(api.records.reader()).await?;
    let gone = || Problem::new(Kind::Unauthenticated, "The player of this token is gone; sign up again.");
    Ok(Json(shown(&found.ok_or_else(gone)?)))
}

/// The cities that players may come from.
#[utoipa::path(
    get, path = "/api/cities", tag = "accounts",
    responses((status = 200, description = "Their names, in order", body = Vec<String>)),
)]
pub(super) async fn cities() -> ([(HeaderName, &'static str); 1], Json<&'static [&'static str]>) {
    ([(header::CACHE_CONTROL, "public, max-age=3600")], Json(&CITIES))
}

/// A player, as the player sees it.
pub(super) fn shown(player: &player::Model) -> Player {
    let role = match player.role {
        player::Role::Player => Role::Player,
        player::Role::Admin => Role::Admin,
    };
    Player { id: player.id, name: player.name.clone(), city: player.city.clone(), role }
}
