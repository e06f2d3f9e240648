//! What the front does not take.

use reqwest::{Response, StatusCode};

use super::{Fixture, only};

/// That an answer is a problem of this kind.
async fn is_problem(answer: Response, status: StatusCode, slug: &str) {
    assert_eq!(answer.status(), status);
    assert_eq!(only(&answer, "content-type"), "application/problem+json");
    let problem: serde_json::Value = answer.json().await.unwrap();
    assert_eq!(problem["type"], format!("/problems/{slug}"));
    assert_eq!(problem["status"], status.as_u16());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_too_large_is_refused_and_a_smaller_one_is_not() {
    let site = Fixture::start().await;
    let send = |bytes| site.client.post(site.url("/api/echo")).body(vec![0_u8; bytes]).send();

    assert_eq!(send(65_536).await.unwrap().status(), StatusCode::OK);

    is_problem(send(200_000).await.unwrap(), StatusCode::PAYLOAD_TOO_LARGE, "payload-too-large").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_has_a_limit_of_its_own() {
    let site = Fixture::with(|site| site.upload_bytes_max(1_000_000)).await;

    for path in ["/api/videos/1/content", "/api/uploads/token"] {
        let send = |bytes| site.client.put(site.url(path)).body(vec![0_u8; bytes]).send();
        assert_eq!(send(900_000).await.unwrap().status(), StatusCode::ACCEPTED);
        is_problem(send(1_100_000).await.unwrap(), StatusCode::PAYLOAD_TOO_LARGE, "payload-too-large").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_requests_are_refused_with_a_time_to_wait() {
    let site = Fixture::with(|site| site.requests_max(1, 3)).await;

    let answers = futures::future::join_all((0..12).map(|_| site.get("/api/echo"))).await;

    let (taken, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status() == StatusCode::OK);
    assert!((3..8).contains(&taken.len()), "{} were taken", taken.len());
    for answer in refused {
        assert_eq!(only(&answer, "retry-after"), "1");
        is_problem(answer, StatusCode::TOO_MANY_REQUESTS, "rate-limited").await;
    }
    assert_eq!(site.get("/").await.status(), StatusCode::OK, "pages cost the hosts nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_has_so_many_requests_under_way() {
    let mut site = Fixture::with(|site| site.connections_max(1)).await;
    let held = tokio::spawn(site.client.get(site.url("/api/slow")).send());
    let [one, two] = &mut site.hosts;
    tokio::select! { _ = one.pieces.recv() => {}, _ = two.pieces.recv() => {} }

    let refused = site.get("/api/echo").await;

    is_problem(refused, StatusCode::TOO_MANY_REQUESTS, "rate-limited").await;
    site.hosts.iter().for_each(|host| host.next.notify_one());
    assert_eq!(held.await.unwrap().unwrap().status(), StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_that_cannot_be_read_is_a_problem() {
    let site = Fixture::start().await;

    let answer = site.old_client.get(site.url("/api/echo")).header("host", "not a host").send().await.unwrap();

    is_problem(answer, StatusCode::BAD_REQUEST, "malformed-request").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_has_no_token_and_no_signature() {
    let site = Fixture::start().await;

    let sent = site.client.put(site.url("/api/uploads/s3cret-token?X-Amz-Signature=s3cret")).body("x").send().await;
    assert_eq!(sent.unwrap().status(), StatusCode::ACCEPTED);

    // What was asked is written once it was answered.
    site.front.stop().unwrap();
    let log = site.front.requests().unwrap();
    assert!(log.contains("/api/uploads/-") && !log.contains("s3cret"), "{log}");
}
