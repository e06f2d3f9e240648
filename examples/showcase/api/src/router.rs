//! Which path is answered by whom.

use std::{any::Any, time::Duration};

use axum::{
    Extension, Json, Router,
    extract::Request,
    http::header,
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use tower_http::catch_panic::CatchPanicLayer;
use utoipa_axum::router::OpenApiRouter;

use crate::{Kind, Problem, Shared, accounts, headers, observe, openapi, ops, pages, rankings, runs, videos};

/// How long a request may take, from its first byte to the head of its answer.
#[derive(Clone, Copy)]
struct Patience(Duration);

/// All paths that the description tells of: those of each part of the API. They are whole here, with `/api`.
pub(crate) fn routes() -> OpenApiRouter<Shared> {
    let quick = OpenApiRouter::with_openapi(openapi::head())
        .merge(accounts::routes())
        .merge(videos::routes())
        .merge(runs::routes())
        .merge(rankings::routes())
        .merge(ops::routes())
        .layer(middleware::from_fn(in_time));
    quick.merge(videos::slow_routes()).merge(runs::slow_routes())
}

/// The API as a service.
pub fn router(api: &Shared) -> Router {
    let description = openapi::document();
    let (router, _) = routes().split_for_parts();
    let router = router
        .route(
            "/api/openapi.json",
            get(async move || ([(header::CACHE_CONTROL, "public, max-age=300")], Json(description))),
        )
        .fallback(pages::fallback)
        .method_not_allowed_fallback(async || {
            Problem::new(Kind::MethodNotAllowed, "The header Allow lists the methods that are known here.")
        })
        .layer(Extension(Patience(api.settings.request_timeout)))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn(observe::request));
    observe::describe();
    headers::secure(router.with_state(Shared::clone(api)), &api.settings)
}

/// Gives up what takes too long: a body that comes in by the byte, too.
async fn in_time(Extension(Patience(patience)): Extension<Patience>, request: Request, next: Next) -> Response {
    let slow = |_| Problem::new(Kind::TooSlow, "The request did not come in, or was not answered, in time.");
    tokio::time::timeout(patience, next.run(request)).await.map_err(slow).into_response()
}

#[expect(clippy::needless_pass_by_value, reason = "as the layer calls it")]
fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let said = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    tracing::error!(panic = said, "a handler has panicked");
    Problem::new(Kind::Internal, "The fault is on this side and was recorded. Try again later.").into_response()
}
