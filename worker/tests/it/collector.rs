//! What takes spans by OTLP over HTTP, as a collector does.

use std::sync::{Arc, Mutex};

use axum::{Router, body::Bytes, extract::State, routing::post};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest, common::v1::any_value::Value, trace::v1::span::SpanKind,
};
use prost::Message;
use tokio::net::TcpListener;

/// A span, as far as the tests look.
#[derive(Clone, Debug)]
pub(crate) struct Span {
    pub(crate) name: String,
    pub(crate) trace: Vec<u8>,
    pub(crate) id: Vec<u8>,
    pub(crate) parent: Vec<u8>,
    pub(crate) kind: SpanKind,
    pub(crate) step: String,
    /// What is told of a call of a database: which kind of it, and what was asked.
    pub(crate) sql: [String; 2],
    pub(crate) failed: bool,
    pub(crate) host: String,
}

/// A collector that keeps what it takes.
#[derive(Clone, Default)]
pub(crate) struct Collector(Arc<Mutex<Vec<Span>>>);

impl Collector {
    pub(crate) async fn listen() -> (Self, String) {
        let collector = Self::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().route("/v1/traces", post(take)).with_state(collector.clone());
        tokio::spawn(axum::serve(listener, router).into_future());
        (collector, url)
    }

    pub(crate) fn spans(&self) -> Vec<Span> {
        self.0.lock().unwrap().clone()
    }
}

async fn take(State(Collector(spans)): State<Collector>, body: Bytes) {
    let request = ExportTraceServiceRequest::decode(body).unwrap();
    for of_host in request.resource_spans {
        let resource = of_host.resource.unwrap_or_default();
        let host = attribute(&resource.attributes, "service.instance.id");
        for span in of_host.scope_spans.into_iter().flat_map(|scope| scope.spans) {
            let step = attribute(&span.attributes, "step");
            let sql = ["db.system.name", "db.query.summary"].map(|key| attribute(&span.attributes, key));
            let kind = span.kind();
            let failed = span.status.is_some_and(|status| status.code == 2);
            let (name, trace, id, parent) = (span.name, span.trace_id, span.span_id, span.parent_span_id);
            spans.lock().unwrap().push(Span { name, trace, id, parent, kind, step, sql, failed, host: host.clone() });
        }
    }
}

fn attribute(all: &[opentelemetry_proto::tonic::common::v1::KeyValue], key: &str) -> String {
    let value = all.iter().find(|attribute| attribute.key == key).and_then(|attribute| attribute.value.clone());
    match value.and_then(|value| value.value) {
        Some(Value::StringValue(text)) => text,
        _ => String::new(),
    }
}
