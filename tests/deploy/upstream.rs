//! A small API host, which says what it was asked and lets tests see when.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode},
    response::{IntoResponse, Response},
    routing::{any, get, put},
};
use bytes::Bytes;
use futures::{StreamExt, stream};
use serde_json::json;
use tokio::{
    net::TcpListener,
    sync::{Notify, mpsc},
    task::JoinHandle,
};

/// An API host, until it is dropped.
pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    /// Lets the next event of a stream go.
    pub(crate) next: Arc<Notify>,
    /// The size of each piece of an upload, as it comes.
    pub(crate) pieces: mpsc::UnboundedReceiver<usize>,
    serving: JoinHandle<()>,
}

#[derive(Clone)]
struct Shared {
    name: &'static str,
    next: Arc<Notify>,
    pieces: mpsc::UnboundedSender<usize>,
}

impl Upstream {
    pub(crate) async fn start(name: &'static str) -> Self {
        let (pieces, received) = mpsc::unbounded_channel();
        let shared = Shared { name, next: Arc::new(Notify::new()), pieces };
        let next = shared.next.clone();
        let routes = Router::new()
            .route("/api/echo", any(echo))
            .route("/api/slow", get(slow))
            .route("/api/busy", get(busy))
            .route("/api/videos/{id}/run/events", get(events))
            .route("/api/videos/{id}/content", put(upload))
            .route("/api/uploads/{token}", put(upload))
            .with_state(shared);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { address, next, pieces: received, serving }
    }
}

impl Upstream {
    /// Ends it; nobody listens there any more.
    pub(crate) async fn stop(&mut self) {
        self.serving.abort();
        let _aborted = (&mut self.serving).await;
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Says what it was asked, with a policy of its own.
async fn echo(State(shared): State<Shared>, request: Request) -> Response {
    let headers = shown(request.headers());
    let method = request.method().to_string();
    let mut body = request.into_body().into_data_stream();
    let mut bytes = 0;
    while let Some(Ok(piece)) = body.next().await {
        bytes += piece.len();
    }
    let said = json!({ "host": shared.name, "method": method, "headers": headers, "body_bytes": bytes });
    let mut response = axum::Json(said).into_response();
    for (name, value) in
        [("content-security-policy", "default-src *"), ("cache-control", "private, max-age=5"), ("x-own", "kept")]
    {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}

fn shown(headers: &HeaderMap) -> serde_json::Map<String, serde_json::Value> {
    let text = |value: &HeaderValue| json!(String::from_utf8_lossy(value.as_bytes()));
    headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect()
}

/// Says by an empty piece that it was asked, and answers when it is told to.
async fn slow(State(shared): State<Shared>) -> &'static str {
    let _unheard = shared.pieces.send(0);
    shared.next.notified().await;
    "at last"
}

/// Refuses for a while, and says how long.
async fn busy() -> impl IntoResponse {
    (StatusCode::SERVICE_UNAVAILABLE, [("retry-after", "17")], "{\"own\":true}")
}

/// The first event comes at once, each other when it is let go.
async fn events(State(shared): State<Shared>) -> Response {
    let later = stream::unfold((shared, 0_u32), |(shared, number)| async move {
        if number > 0 {
            shared.next.notified().await;
        }
        let event = Bytes::from(format!("event: status\nid: {number}\ndata: {{}}\n\n"));
        (number < 3).then_some((Ok::<_, std::io::Error>(event), (shared, number + 1)))
    });
    ([("content-type", "text/event-stream"), ("cache-control", "no-store")], Body::from_stream(later)).into_response()
}

async fn upload(State(shared): State<Shared>, request: Request) -> Response {
    let mut body = request.into_body().into_data_stream();
    let mut bytes = 0;
    while let Some(piece) = body.next().await {
        let Ok(piece) = piece else { return StatusCode::BAD_REQUEST.into_response() };
        bytes += piece.len();
        // A test that has seen enough listens no more.
        let _unheard = shared.pieces.send(piece.len());
    }
    (StatusCode::ACCEPTED, bytes.to_string()).into_response()
}

/// How long something may take that should come at once.
pub(crate) const SOON: Duration = Duration::from_secs(20);
