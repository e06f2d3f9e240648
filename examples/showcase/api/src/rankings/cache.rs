//! Orders to the caches, carried out by durable runs.

use axum::{Json as Answer, extract::State, http::StatusCode};
use stagemark_contest_contract::{CacheOrder, RunRef, WARM, Warm};

use crate::{Admin, Problem, Shared, body::Json, trace::traced};

/// Has a part of the cache computed before somebody asks for it. It can be read all the while.
#[utoipa::path(
    post, path = "/api/admin/cache/warm", tag = "operations", request_body = CacheOrder, security(("token" = [])),
    responses((status = 202, description = "A run does it", body = RunRef), (status = 403, description = "forbidden")),
)]
pub(super) async fn warm_cache(
    State(api): State<Shared>,
    _admin: Admin,
    Json(order): Json<CacheOrder>,
) -> Result<(StatusCode, Answer<RunRef>), Problem> {
    submit(&api, Warm { scope: order.scope, invalidate: false }).await
}

/// Has a part of the cache dropped, and computed anew.
#[utoipa::path(
    post, path = "/api/admin/cache/invalidate", tag = "operations", request_body = CacheOrder, security(("token" = [])),
    responses((status = 202, description = "A run does it", body = RunRef), (status = 403, description = "forbidden")),
)]
pub(super) async fn invalidate_cache(
    State(api): State<Shared>,
    _admin: Admin,
    Json(order): Json<CacheOrder>,
) -> Result<(StatusCode, Answer<RunRef>), Problem> {
    submit(&api, Warm { scope: order.scope, invalidate: true }).await
}

async fn submit(api: &Shared, warm: Warm) -> Result<(StatusCode, Answer<RunRef>), Problem> {
    let run = traced(api.engine.submit(WARM, warm)).await?;
    Ok((StatusCode::ACCEPTED, Answer(RunRef { run: run.id().uuid() })))
}
