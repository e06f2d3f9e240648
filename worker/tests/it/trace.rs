//! One trace id follows a run, whichever hosts carry it.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    collector::Collector,
    contract::HAND_OVER,
    process::{Place, until},
};

#[tokio::test(flavor = "multi_thread")]
async fn one_trace_follows_a_run_over_two_hosts() {
    let (collector, url) = Collector::listen().await;
    let place = Place::new();
    let variables = [("OTEL_EXPORTER_OTLP_ENDPOINT", &*url), ("OTEL_BSP_SCHEDULE_DELAY", "50")];
    let near = place.host(&[&variables[..], &[("TEST_SUBMIT", "hello")]].concat()).await;
    let far = place.host(&[&variables[..], &[("STAGEMARK_POOLS", "far")]].concat()).await;

    // The key has a run: this one.
    let client = place.client().await;
    let run = client.submit(HAND_OVER, "hello".to_owned()).key("first").await.unwrap();
    assert_eq!(run.result().await.unwrap(), "hello");
    for host in [near, far] {
        host.signal("TERM");
        assert!(host.ended().await.0.success());
    }
    until("the submission is told", async || collector.spans().iter().any(|span| span.name == "submit")).await;

    let all = collector.spans();
    let submit = all.iter().find(|span| span.name == "submit").unwrap();
    let of_run: Vec<_> = all.iter().filter(|span| span.trace == submit.trace).collect();
    let mut attempts: BTreeMap<&str, Vec<bool>> = BTreeMap::new();
    for attempt in of_run.iter().filter(|span| span.name == "attempt") {
        assert_eq!(attempt.parent, submit.id, "an attempt is a child of the submission");
        attempts.entry(&attempt.step).or_default().push(attempt.failed);
    }
    assert_eq!(attempts, BTreeMap::from([("write", vec![true, false]), ("read", vec![false])]));
    assert_eq!(all.iter().filter(|span| span.name == "attempt").count(), 3, "none is in another trace");
    let names: BTreeSet<_> = of_run.iter().map(|span| &*span.name).collect();
    for name in ["artifact put", "artifact get", "artifact fetch", "commit", "write"] {
        assert!(names.contains(name), "{name} is not in {names:?}");
    }
    let hosts: BTreeSet<_> = of_run.iter().map(|span| &*span.host).collect();
    assert_eq!(hosts.len(), 2, "both hosts have a part: {hosts:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_goes_on_in_the_trace_that_its_caller_names() {
    let (collector, url) = Collector::listen().await;
    let place = Place::new();
    let pools = ("STAGEMARK_POOLS", "default,far");
    let variables = [("OTEL_EXPORTER_OTLP_ENDPOINT", &*url), ("OTEL_BSP_SCHEDULE_DELAY", "50"), pools];
    let (client, host) = (place.client().await, place.host(&variables).await);
    let (trace, caller) = (0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c_u128, 0xb7ad_6b71_6920_3331_u64);

    let named = format!("00-{trace:032x}-{caller:016x}-01");
    client.submit(HAND_OVER, "hello".to_owned()).trace(named).await.unwrap().result().await.unwrap();
    host.signal("TERM");
    assert!(host.ended().await.0.success());

    let attempts: Vec<_> = collector.spans().into_iter().filter(|span| span.name == "attempt").collect();
    assert_eq!(attempts.len(), 3);
    for attempt in attempts {
        assert_eq!((attempt.trace, attempt.parent), (trace.to_be_bytes().to_vec(), caller.to_be_bytes().to_vec()));
    }
}
