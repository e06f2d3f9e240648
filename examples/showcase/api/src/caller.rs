//! Who makes a request.

use std::sync::Arc;

use axum::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    http::{header, request::Parts},
};
use stagemark_contest_contract::Role;
use uuid::Uuid;

use crate::{Api, Kind, Problem};

/// A player who is signed in. As `Option<Caller>` it is nobody where no token came; one that is no longer good is refused
/// either way, so that the page gets a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Which player.
    pub player: Uuid,
    /// What the player may do.
    pub role: Role,
}

impl Caller {
    /// Whether this is the player, or an admin.
    pub fn is_or_administers(&self, player: Uuid) -> bool {
        self.player == player || self.role == Role::Admin
    }
}

impl FromRequestParts<Arc<Api>> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Problem> {
        let given = parts.headers.get(header::AUTHORIZATION);
        let Some(given) = given else {
            return Err(Problem::new(Kind::Unauthenticated, "Send an access token as `Authorization: Bearer ...`."));
        };
        let token = given.to_str().ok().and_then(|given| {
            let (scheme, token) = given.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
        });
        let claims = token.and_then(|token| api.tokens.read(token));
        let refused =
            || Problem::new(Kind::Unauthenticated, "The access token is not good, or no longer; get a new one.");
        claims.map(|claims| Self { player: claims.sub, role: claims.role }).ok_or_else(refused)
    }
}

impl OptionalFromRequestParts<Arc<Api>> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Option<Self>, Problem> {
        if !parts.headers.contains_key(header::AUTHORIZATION) {
            return Ok(None);
        }
        <Self as FromRequestParts<_>>::from_request_parts(parts, api).await.map(Some)
    }
}

/// An admin who is signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Admin(pub Caller);

impl FromRequestParts<Arc<Api>> for Admin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Problem> {
        let caller = <Caller as FromRequestParts<_>>::from_request_parts(parts, api).await?;
        match caller.role {
            Role::Admin => Ok(Self(caller)),
            Role::Player => Err(Problem::new(Kind::Forbidden, "This is for admins.")),
        }
    }
}
