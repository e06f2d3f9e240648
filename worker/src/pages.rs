//! The pages of a host: `/livez`, `/readyz` and `/metrics`.

use std::{
    net::SocketAddr,
    sync::{Arc, OnceLock},
};

use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
    routing::get,
};
use stagemark::Engine;
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;

use crate::{WorkerError, health::Health, recorder::Recorder};

/// What the pages show.
pub(crate) struct Shown {
    pub(crate) health: Arc<Health>,
    pub(crate) recorder: Recorder,
    /// None before it has started.
    pub(crate) engine: OnceLock<Engine>,
}

/// Pages that are served until the value is dropped.
pub(crate) struct Pages {
    address: SocketAddr,
    _served: AbortOnDropHandle<std::io::Result<()>>,
}

impl Pages {
    pub(crate) async fn open(address: SocketAddr, shown: Arc<Shown>) -> Result<Self, WorkerError> {
        let failed = |source| WorkerError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let router = health(Arc::clone(&shown)).merge(Router::new().route("/metrics", get(metrics)).with_state(shown));
        let served = tokio::spawn(axum::serve(listener, router).into_future());
        Ok(Self { address, _served: AbortOnDropHandle::new(served) })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

/// Those that tell whether the host lives, and whether it takes work.
pub(crate) fn health(shown: Arc<Shown>) -> Router {
    Router::new()
        .route("/livez", get(async || Json(serde_json::json!({ "state": "alive" }))))
        .route("/readyz", get(readyz))
        .with_state(shown)
}

async fn readyz(State(shown): State<Arc<Shown>>) -> impl IntoResponse {
    let readiness = shown.health.readiness().await;
    let status = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(readiness))
}

/// The content type of Prometheus's text format.
const TEXT_FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

async fn metrics(State(shown): State<Arc<Shown>>) -> impl IntoResponse {
    let dependencies = shown.health.look().await;
    let page = shown.recorder.page(&dependencies, shown.engine.get()).await;
    ([(header::CONTENT_TYPE, TEXT_FORMAT)], page)
}
