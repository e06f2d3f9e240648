//! Signing up, in and out, and going on.

use axum::{
    Json as Answer,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use secrecy::SecretString;
use stagemark_contest_contract::{Moment, Session, SignIn, SignUp};
use stagemark_contest_records::{
    Rotated, Rotation, SignedUp,
    entity::{player, session},
};
use uuid::Uuid;

use super::{
    check,
    me::shown,
    refresh::{IDLE_MS, LIFE_MS, RefreshToken, no_cookie},
};
use crate::{ClientAddress, Json, Kind, Problem, Shared, tokens};

/// Takes part: a new player, who is signed in at once.
#[utoipa::path(
    post, path = "/api/players", tag = "accounts", request_body = SignUp,
    responses(
        (status = 201, description = "Signed up and in; the refresh token is in a cookie", body = Session),
        (status = 409, description = "name-taken"),
        (status = 429, description = "rate-limited"),
    ),
)]
pub(super) async fn sign_up(
    State(api): State<Shared>,
    ClientAddress(address): ClientAddress,
    Json(given): Json<SignUp>,
) -> Result<Response, Problem> {
    check::sign_up(&given)?;
    api.limits.sign_up(address).await?;
    let password = api.passwords.hash(SecretString::from(given.password)).await?;
    let player = player::Model {
        id: Uuid::now_v7(),
        name_key: check::key_of(&given.name),
        name: given.name,
        password,
        city: given.city,
        role: player::Role::Player,
        created_at: Moment::now().0,
    };
    match api.records.sign_up(player.clone()).await? {
        SignedUp::Added => begin(&api, StatusCode::CREATED, &player).await,
        SignedUp::NameTaken => Err(Problem::new(Kind::NameTaken, "Another player has this name; choose another.")),
    }
}

/// Comes back.
#[utoipa::path(
    post, path = "/api/session", tag = "accounts", request_body = SignIn,
    responses(
        (status = 200, description = "Signed in; the refresh token is in a cookie", body = Session),
        (status = 401, description = "wrong-credentials"),
        (status = 429, description = "rate-limited"),
    ),
)]
pub(super) async fn sign_in(
    State(api): State<Shared>,
    ClientAddress(address): ClientAddress,
    Json(given): Json<SignIn>,
) -> Result<Response, Problem> {
    check::sign_in(&given)?;
    api.limits.sign_in(&given.name, address).await?;
    // What cannot be a name is not looked for; it is refused as if it had been.
    let found =
        if check::is_name(&given.name) { api.records.player_named(&check::key_of(&given.name)).await? } else { None };
    let hash = found.as_ref().map(|player| &*player.password);
    let fits = api.passwords.are_one(SecretString::from(given.password), hash).await?;
    match found {
        Some(player) if fits => begin(&api, StatusCode::OK, &player).await,
        _ => Err(Problem::new(Kind::WrongCredentials, "There is no such player, or the password is another.")),
    }
}

/// Goes on: the refresh token is taken for the next one, and good no more.
#[utoipa::path(
    post, path = "/api/session/refresh", tag = "accounts", security(("refresh" = [])),
    responses(
        (status = 200, description = "A new access token; the next refresh token is in a cookie", body = Session),
        (status = 401, description = "unauthenticated, or session-reused"),
        (status = 403, description = "forbidden: another site asked"),
        (status = 429, description = "rate-limited"),
    ),
)]
pub(super) async fn refresh(
    State(api): State<Shared>,
    ClientAddress(address): ClientAddress,
    headers: HeaderMap,
) -> Result<Response, Response> {
    let rotated = rotate(&api, address, &headers).await;
    // A token that is no good is not kept by the browser.
    rotated.map_err(|problem| match problem.kind() {
        Kind::Unauthenticated | Kind::SessionReused => {
            ([(header::SET_COOKIE, no_cookie(&api.settings))], problem).into_response()
        }
        _ => problem.into_response(),
    })
}

/// Signs out: the session is over on every page that has it.
#[utoipa::path(
    delete, path = "/api/session", tag = "accounts", security(("refresh" = []), ()),
    responses(
        (status = 204, description = "Signed out, or was not signed in"),
        (status = 403, description = "forbidden: another site asked"),
    ),
)]
pub(super) async fn sign_out(State(api): State<Shared>, headers: HeaderMap) -> Result<Response, Problem> {
    by_own_page(&headers)?;
    if let Some(token) = RefreshToken::of(&headers) {
        api.records.end_session(token.session).await?;
    }
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, no_cookie(&api.settings))]).into_response())
}

async fn rotate(api: &Shared, address: std::net::IpAddr, headers: &HeaderMap) -> Result<Response, Problem> {
    by_own_page(headers)?;
    api.limits.refresh(address).await?;
    let none = || Problem::new(Kind::Unauthenticated, "Nobody is signed in here; sign in.");
    let shown = RefreshToken::of(headers).ok_or_else(none)?;
    let (next, now) = (RefreshToken::new(shown.session), Moment::now().0);
    let rotation = Rotation {
        session: shown.session,
        shown: shown.hash(),
        next: next.hash(),
        now,
        expires_at: now + IDLE_MS,
        begun_after: now - LIFE_MS,
    };
    match api.records.rotate(rotation).await? {
        Rotated::Next(player) => answer(api, StatusCode::OK, &player, next.cookie(&api.settings)),
        Rotated::Ended => Err(none()),
        Rotated::Reused => {
            tracing::warn!(session = %shown.session, "a refresh token came twice; its session is ended");
            Err(Problem::new(
                Kind::SessionReused,
                "A token of this session was used twice, so that it was ended. Sign in again.",
            ))
        }
    }
}

async fn begin(api: &Shared, status: StatusCode, player: &player::Model) -> Result<Response, Problem> {
    let (token, now) = (RefreshToken::new(Uuid::new_v4()), Moment::now().0);
    let session = session::Model {
        id: token.session,
        player: player.id,
        token: token.hash(),
        created_at: now,
        expires_at: now + IDLE_MS,
    };
    api.records.begin_session(session).await?;
    answer(api, status, player, token.cookie(&api.settings))
}

fn answer(api: &Shared, status: StatusCode, player: &player::Model, cookie: HeaderValue) -> Result<Response, Problem> {
    let player = shown(player);
    let access_token = api.access_token(player.id, player.role)?;
    let session = Session { access_token, expires_in_s: tokens::LIFE_S, player };
    let headers = [(header::SET_COOKIE, cookie), (header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    Ok((status, headers, Answer(session)).into_response())
}

/// The cookie goes with requests of this site's pages alone; browsers that say who asks are held to that too.
fn by_own_page(headers: &HeaderMap) -> Result<(), Problem> {
    match headers.get("sec-fetch-site").map(HeaderValue::as_bytes) {
        None | Some(b"same-origin" | b"none") => Ok(()),
        Some(_) => Err(Problem::new(Kind::Forbidden, "Only this site's own pages may ask for that.")),
    }
}
