//! The end of a host.

use std::{fs, os::unix::process::ExitStatusExt};

use stagemark::TaskState;

use crate::{contract::HOLD, process::Place};

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_is_told_to_stop_finishes_what_runs() {
    for signal in ["TERM", "INT"] {
        let place = Place::new();
        let (client, host) = (place.client().await, place.host(&[]).await);
        let run = client.submit(HOLD, place.path().display().to_string()).await.unwrap();
        place.until_there("begun").await;

        host.signal(signal);
        let draining = host.until_page("/readyz", 503).await;
        assert!(draining.contains(r#""state":"draining""#), "{draining}");
        assert_eq!(host.page("/livez").await.0, 200, "it lives on");
        fs::write(place.path().join("go-on"), "").unwrap();
        let (status, log) = host.ended().await;

        assert!(status.success(), "{status}: {log}");
        assert_eq!(run.result().await.unwrap(), 1, "the attempt that ran is the one that ended");
        assert!(log.contains(&format!("signal=SIG{signal}")), "{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_finish_in_time_is_handed_back_and_costs_no_attempt() {
    let place = Place::new();
    let client = place.client().await;
    // So long that whoever waits for it to lapse does not pass.
    let first = place.host(&[("STAGEMARK_GRACE_S", "0"), ("STAGEMARK_LEASE_S", "600")]).await;
    let run = client.submit(HOLD, place.path().display().to_string()).await.unwrap();
    place.until_there("begun").await;

    first.signal("TERM");
    let (status, log) = first.ended().await;
    assert!(status.success(), "{status}: {log}");
    assert_eq!(run.status().await.unwrap().tasks[0].state, TaskState::Queued, "the lease is handed back");
    fs::write(place.path().join("go-on"), "").unwrap();
    let second = place.host(&[]).await;

    run.result().await.unwrap();
    second.signal("TERM");
    assert!(second.ended().await.0.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_a_host_at_once() {
    let place = Place::new();
    let (client, host) = (place.client().await, place.host(&[("STAGEMARK_GRACE_S", "600")]).await);
    client.submit(HOLD, place.path().display().to_string()).await.unwrap();
    place.until_there("begun").await;

    host.signal("TERM");
    host.until_page("/readyz", 503).await;
    host.signal("TERM");
    let (status, log) = host.ended().await;

    assert_eq!((status.code(), status.signal()), (Some(143), None), "{log}");
}
