//! Boards, the events that move them, and orders to their cache.

mod board;
mod cache;
mod events;
mod names;
mod together;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Shared;

pub(crate) use board::Pages;
pub(crate) use names::Names;

/// The paths of rankings.
pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(board::ranking))
        .routes(routes!(board::ranking_around_me))
        .routes(routes!(events::take_events))
        .routes(routes!(cache::warm_cache))
        .routes(routes!(cache::invalidate_cache))
}
