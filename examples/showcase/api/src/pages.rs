//! The page's files, where no other server has them.

use std::path::PathBuf;

use axum::{
    extract::{Request, State},
    http::{HeaderValue, Method, StatusCode, header::CACHE_CONTROL},
    response::{IntoResponse, Response},
};
use tower::ServiceExt;
use tower_http::services::{ServeDir, ServeFile};

use crate::{Problem, Shared};

/// Their names change when what is in them does.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");

/// Answers what no route of the API does: a file of the page, or the page itself, which knows its own paths.
pub(crate) async fn fallback(State(api): State<Shared>, request: Request) -> Response {
    let path = request.uri().path();
    let is_page = matches!(*request.method(), Method::GET | Method::HEAD) && !path.starts_with("/api");
    match &api.settings.web_folder {
        Some(folder) if is_page => file(folder.clone(), request).await,
        _ => Problem::not_found().into_response(),
    }
}

async fn file(folder: PathBuf, request: Request) -> Response {
    let is_asset = request.uri().path().starts_with("/assets/");
    let page = ServeFile::new(folder.join("index.html"));
    let files = ServeDir::new(folder);
    let answer = if is_asset { files.oneshot(request).await } else { files.fallback(page).oneshot(request).await };
    // Its error has no values: what goes wrong with a file is an answer.
    let Ok(mut response) = answer.map(IntoResponse::into_response);
    if is_asset && response.status() == StatusCode::NOT_FOUND {
        return Problem::not_found().into_response();
    }
    response.headers_mut().insert(CACHE_CONTROL, if is_asset { FOR_EVER } else { ASK_AGAIN });
    response
}
