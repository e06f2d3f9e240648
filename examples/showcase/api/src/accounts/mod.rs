//! Accounts: who takes part, and who is signed in.

mod me;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Shared;

/// The paths of accounts.
pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(me::me)).routes(routes!(me::cities))
}
