//! Health and metrics, as probes and Prometheus read them.

use std::{collections::BTreeSet, fs, path::Path};

use crate::{
    contract::{HAND_OVER, HOLD},
    process::{Place, until},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_host_tells_that_it_lives_and_what_it_depends_on() {
    let place = Place::new();
    let host = place.host(&[]).await;

    let live = host.page("/livez").await;
    let ready = host.page("/readyz").await;

    assert_eq!(live, (200, r#"{"state":"alive"}"#.to_owned()));
    let expected = r#"{"state":"ready","dependencies":{"artifacts":{"state":"ok"},"database":{"state":"ok"}}}"#;
    assert_eq!(ready, (200, expected.to_owned()));
    assert_eq!(host.page("/else").await.0, 404);
}

/// All names of metrics on a page, without what histograms add.
fn names(page: &str) -> BTreeSet<String> {
    let types = page.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    types.filter_map(|line| line.split(' ').next()).map(ToOwned::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_have_the_names_of_the_manual() {
    let place = Place::new();
    let (client, host) = (place.client().await, place.host(&[("STAGEMARK_POOLS", "default,far")]).await);
    let run = client.submit(HAND_OVER, "hello".to_owned()).await.unwrap();
    assert_eq!(run.result().await.unwrap(), "hello");
    client.submit(HOLD, place.path().display().to_string()).await.unwrap();
    place.until_there("begun").await;

    let samples = [
        "stagemark_attempts_total{step=\"write\",outcome=\"ready\"} 1",
        "stagemark_attempts_total{step=\"write\",outcome=\"failed\"} 1",
        "stagemark_runs_ended_total{workflow=\"hand-over\",status=\"ready\"} 1",
        "stagemark_runs{workflow=\"hold\",status=\"running\"} 1",
        "stagemark_step_duration_seconds_bucket{step=\"read\",le=\"+Inf\"} 1",
        "stagemark_slots 256",
        "stagemark_dependency_up{dependency=\"database\"} 1",
        "stagemark_outbox_depth 0",
    ];
    // Others see an end as soon as it is committed, which is before it is counted.
    let mut page = String::new();
    for sample in samples {
        until(sample, async || {
            page = host.page("/metrics").await.1;
            page.lines().any(|line| line == sample)
        })
        .await;
    }

    let manual = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/operate.md")).unwrap();
    for name in names(&page) {
        assert!(manual.contains(&format!("`{name}")), "{name} is not in docs/operate.md");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_queue_of_a_workflow_that_nobody_has_room_for_is_told() {
    let place = Place::new();
    let (client, host) = (place.client().await, place.host(&[("STAGEMARK_SLOTS_OF", "hold=0")]).await);
    client.submit(HOLD, place.path().display().to_string()).await.unwrap();

    let page = host.page("/metrics").await.1;

    let queued =
        ["stagemark_runs{workflow=\"hold\",status=\"queued\"} 1", "stagemark_queue_depth{workflow=\"hold\"} 1"];
    for sample in queued {
        assert!(page.lines().any(|line| line == sample), "no {sample} in\n{page}");
    }
    assert!(page.contains("stagemark_queue_lag_seconds{workflow=\"hold\"} "), "{page}");
}
