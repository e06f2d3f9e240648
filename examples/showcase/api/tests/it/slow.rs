//! Clients that take their time, or never end.

use std::time::{Duration, Instant};

use futures::stream;
use reqwest::{Body, Method, header::CONTENT_TYPE};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::fixture::{Host, slug};

/// A host whose patience is short.
async fn impatient() -> Host {
    Host::start_with(|settings| settings.request_timeout = Duration::from_millis(300)).await
}

/// What a host answers to these bytes, until it closes the connection.
async fn answer(host: &Host, sent: &[u8]) -> String {
    let mut connection = TcpStream::connect(host.address).await.unwrap();
    connection.write_all(sent).await.unwrap();
    let mut answer = Vec::new();
    // A host that closes while it is sent to resets the connection, after its answer.
    let _ended = tokio::time::timeout(Duration::from_secs(10), connection.read_to_end(&mut answer)).await.unwrap();
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let host = impatient().await;
    let begun = Instant::now();

    let head =
        "POST /api/session HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{";
    let answer = answer(&host, head.as_bytes()).await;

    assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("/problems/too-slow"), "{answer}");
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_body_without_an_end_is_cut_at_its_limit() {
    let host = Host::start().await;
    let endless = stream::unfold((), |()| async { Some((Ok::<_, std::io::Error>(vec![b' '; 4_096]), ())) });

    let request = host.request(Method::POST, "/api/session").header(CONTENT_TYPE, "application/json");
    let answered = request.body(Body::wrap_stream(endless)).send().await.unwrap();

    assert_eq!(slug(answered).await, "payload-too-large");
}

#[tokio::test]
async fn a_head_without_an_end_is_cut_at_its_limit() {
    let host = Host::start().await;
    let head = format!("GET /api/cities HTTP/1.1\r\nhost: a\r\nx: {}\r\n\r\n", "a".repeat(100_000));

    let answer = answer(&host, head.as_bytes()).await;

    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
}

#[tokio::test]
async fn two_requests_cannot_be_hidden_in_one() {
    let host = Host::start().await;
    let both = "POST /api/session HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET /api/me HTTP/1.1\r\nhost: a\r\n\r\n";

    let answer = answer(&host, both.as_bytes()).await;

    assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
}

#[tokio::test]
async fn connections_beyond_the_most_wait_for_a_place() {
    let host = Host::start_with(|settings| settings.connections_max = 1).await;
    let head = "GET /api/cities HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    let idle = TcpStream::connect(host.address).await.unwrap();
    let waiting = answer(&host, head.as_bytes());
    tokio::pin!(waiting);

    let early = tokio::time::timeout(Duration::from_millis(300), &mut waiting).await;
    drop(idle);

    assert!(early.is_err(), "it was answered beside the other: {early:?}");
    assert!(waiting.await.starts_with("HTTP/1.1 200 "));
}
