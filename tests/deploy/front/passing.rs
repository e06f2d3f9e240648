//! What goes on to the API hosts, and what comes back.

use std::collections::HashSet;

use bytes::Bytes;
use futures::StreamExt;
use reqwest::{Body, StatusCode};
use tokio::{sync::mpsc, time::timeout};

use super::{Fixture, header, only};
use crate::upstream::SOON;

#[tokio::test(flavor = "multi_thread")]
async fn each_event_comes_before_the_next_is_sent() {
    let site = Fixture::start().await;
    let answer = site.get("/api/videos/1/run/events").await;
    assert_eq!(only(&answer, "cache-control"), "no-store");
    let mut events = answer.bytes_stream();

    for number in 0..3 {
        let event = timeout(SOON, events.next()).await.expect("the event is not held back").unwrap().unwrap();
        assert!(String::from_utf8_lossy(&event).contains(&format!("id: {number}\n")), "{event:?}");
        site.hosts.iter().for_each(|host| host.next.notify_one());
    }

    let rest = timeout(SOON, events.collect::<Vec<_>>()).await.expect("the stream ends");
    assert!(rest.iter().all(|piece| piece.as_ref().unwrap().is_empty()), "{rest:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_goes_through_as_it_comes() {
    let mut site = Fixture::start().await;
    let (pieces, body) = mpsc::unbounded_channel::<Result<Bytes, std::io::Error>>();
    let body = futures::stream::unfold(body, |mut body| async { Some((body.recv().await?, body)) });
    let upload = site.client.put(site.url("/api/videos/1/content")).body(Body::wrap_stream(body)).send();
    let upload = tokio::spawn(upload);
    let [one, two] = &mut site.hosts;

    for _ in 0..3 {
        pieces.send(Ok(Bytes::from(vec![7; 300_000]))).unwrap();
        let mut there = 0;
        while there < 300_000 {
            let either = async {
                tokio::select! { Some(n) = one.pieces.recv() => n, Some(n) = two.pieces.recv() => n }
            };
            there += timeout(SOON, either).await.expect("the piece is not held back");
        }
    }
    drop(pieces);

    let answer = upload.await.unwrap().unwrap();
    assert_eq!(answer.status(), StatusCode::ACCEPTED);
    assert_eq!(answer.text().await.unwrap(), "900000");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_trace_of_a_browser_reaches_the_api() {
    let site = Fixture::start().await;
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    let request = site.client.get(site.url("/api/echo")).header("traceparent", trace).header("tracestate", "a=b");
    let asked = site.echo(request).await;

    assert_eq!((&asked["headers"]["traceparent"], &asked["headers"]["tracestate"]), (&trace.into(), &"a=b".into()));
    site.front.stop().unwrap();
    assert!(site.front.requests().unwrap().contains(trace));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_says_who_he_is_but_the_front() {
    let site = Fixture::start().await;

    let request = site.client.get(site.url("/api/echo"));
    let request = request.header("x-forwarded-for", "10.9.8.7").header("x-forwarded-proto", "gopher");
    let asked = site.echo(request.header("forwarded", "for=10.9.8.7").header("x-forwarded-host", "evil")).await;

    let headers = &asked["headers"];
    assert_eq!((&headers["x-forwarded-for"], &headers["x-forwarded-proto"]), (&"127.0.0.1".into(), &"https".into()));
    assert!(headers.get("forwarded").is_none() && headers.get("x-forwarded-host").is_none(), "{headers}");
    assert_eq!(headers["host"], site.front.url().trim_start_matches("https://"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_has_the_policy_of_the_front_and_all_else_of_the_api() {
    let site = Fixture::start().await;

    let answer = site.get("/api/echo").await;

    assert!(only(&answer, "content-security-policy").contains("default-src 'self'"));
    assert_eq!((only(&answer, "cache-control"), only(&answer, "x-own")), ("private, max-age=5", "kept"));
    let asked: serde_json::Value = serde_json::from_str(&{
        let id = only(&answer, "x-request-id").to_owned();
        let text = answer.text().await.unwrap();
        assert!(text.contains(&id), "{text}");
        text
    })
    .unwrap();
    assert_eq!(asked["method"], "GET");
}

#[tokio::test(flavor = "multi_thread")]
async fn both_hosts_are_asked_and_one_is_enough() {
    let mut site = Fixture::start().await;
    let mut asked = HashSet::new();
    for _ in 0..10 {
        asked.insert(site.echo(site.client.get(site.url("/api/echo"))).await["host"].to_string());
    }
    assert_eq!(asked.len(), 2);

    let [one, _two] = &mut site.hosts;
    one.stop().await;

    for _ in 0..10 {
        assert_eq!(site.echo(site.client.get(site.url("/api/echo"))).await["host"], "two");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_api_host_a_problem_is_told() {
    let mut site = Fixture::start().await;
    for host in &mut site.hosts {
        host.stop().await;
    }

    let answer = site.get("/api/echo").await;

    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!((only(&answer, "content-type"), only(&answer, "retry-after")), ("application/problem+json", "2"));
    let problem: serde_json::Value = answer.json().await.unwrap();
    assert_eq!((&problem["type"], &problem["status"]), (&"/problems/unavailable".into(), &503.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_api_refuses_is_told_in_its_own_words() {
    let site = Fixture::start().await;

    let answer = site.get("/api/busy").await;

    assert_eq!((answer.status(), header(&answer, "retry-after")), (StatusCode::SERVICE_UNAVAILABLE, "17"));
    assert_eq!(answer.text().await.unwrap(), "{\"own\":true}");
}
