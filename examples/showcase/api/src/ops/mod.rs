//! What operators see of all runs, and order of one.

mod counts;
mod orders;
mod runs;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Shared;

/// The paths of operators.
pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(counts::counts))
        .routes(routes!(runs::ops_runs))
        .routes(routes!(runs::ops_run))
        .routes(routes!(orders::ops_cancel))
        .routes(routes!(orders::ops_redrive))
}
