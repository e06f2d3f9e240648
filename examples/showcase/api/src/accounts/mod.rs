//! Accounts: who takes part, and who is signed in.

mod check;
mod first_admin;
mod me;
mod passwords;
mod refresh;
mod sessions;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Shared;

pub(crate) use first_admin::ensure_admin;
pub(crate) use passwords::Passwords;

/// The paths of accounts.
pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(sessions::sign_up))
        .routes(routes!(sessions::sign_in, sessions::sign_out))
        .routes(routes!(sessions::refresh))
        .routes(routes!(me::me))
        .routes(routes!(me::cities))
}
