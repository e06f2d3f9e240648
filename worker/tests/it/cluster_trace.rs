//! One trace id follows a run through the broker, the artifact store and the database of a cluster.

use opentelemetry_proto::tonic::trace::v1::span::SpanKind;

use crate::{
    cluster::Cluster,
    collector::Collector,
    process::{Host, Place, until},
};

#[tokio::test(flavor = "multi_thread")]
async fn one_trace_follows_a_run_through_all_that_a_cluster_has() {
    let (collector, url) = Collector::listen().await;
    let (place, cluster) = (Place::new(), Cluster::start());
    let hosts = ["far", "default"].map(|pools| {
        let mut command = cluster.command(&place, pools);
        command.env("OTEL_EXPORTER_OTLP_ENDPOINT", &url).env("OTEL_BSP_SCHEDULE_DELAY", "50");
        command
    });
    let [far, mut near] = hosts;
    near.env("TEST_SUBMIT", "hello");
    let (far, near) = (Host::start(far).await, Host::start(near).await);

    until("the artifact is read", async || collector.spans().iter().any(|span| span.name == "artifact get")).await;
    for host in [near, far] {
        host.signal("TERM");
        assert!(host.ended().await.0.success());
    }
    until("the submission is told", async || collector.spans().iter().any(|span| span.name == "submit")).await;

    let all = collector.spans();
    let submit = all.iter().find(|span| span.name == "submit").unwrap();
    let of_run: Vec<_> = all.iter().filter(|span| span.trace == submit.trace).collect();
    let has = |name: &str, kind| of_run.iter().any(|span| span.name == name && span.kind == kind);
    for (name, kind) in [
        ("publish", SpanKind::Producer),
        ("receive", SpanKind::Consumer),
        ("attempt", SpanKind::Internal),
        ("artifact put", SpanKind::Client),
        ("artifact get", SpanKind::Client),
        ("BATCH INSERT stagemark_run", SpanKind::Client),
        ("BATCH INSERT stagemark_marker UPDATE stagemark_run", SpanKind::Client),
        ("SELECT stagemark_queue stagemark_run", SpanKind::Client),
        ("DELETE stagemark_outbox", SpanKind::Client),
    ] {
        assert!(has(name, kind), "{name} is not in {of_run:#?}");
    }
    for call in all.iter().filter(|span| span.name.contains("stagemark_")) {
        assert_eq!(call.sql, ["postgresql".to_owned(), call.name.clone()]);
        assert!(all.iter().any(|span| span.id == call.parent), "{call:?} is part of nothing");
    }
}
