//! Every error is a problem.

use reqwest::{Method, header::ALLOW};
use stagemark_contest_contract::Role;
use uuid::Uuid;

use crate::fixture::{Host, slug};

#[tokio::test]
async fn what_is_not_there_is_a_problem() {
    let host = Host::start().await;

    assert_eq!(slug(host.get("/api/nothing").await).await, "not-found");
}

#[tokio::test]
async fn every_answer_tells_browsers_to_be_careful() {
    let host = Host::start_with(|settings| {
        settings.public_origin = "https://contest.example".parse().unwrap();
        settings.store_origin = Some("https://media.example/bucket".parse().unwrap());
    });
    let host = host.await;

    for path in ["/api/cities", "/api/nothing", "/api/me", "/api/openapi.json"] {
        let answer = host.get(path).await;
        let of = |name: &str| answer.headers()[name].to_str().unwrap();
        let policy = of("content-security-policy");
        assert!(policy.starts_with("default-src 'self'; ") && !policy.contains("unsafe"), "{policy}");
        assert!(policy.contains("media-src 'self' blob: https://media.example;"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        assert_eq!(of("x-content-type-options"), "nosniff");
        assert!(of("strict-transport-security").starts_with("max-age=31536000"));
        assert!(!answer.headers().contains_key("access-control-allow-origin"), "other sites are let in");
        assert!(answer.headers().contains_key("cache-control"));
    }
}

#[tokio::test]
async fn a_method_that_is_not_known_is_a_problem_that_names_those_that_are() {
    let host = Host::start().await;

    let refused = host.request(Method::DELETE, "/api/me").send().await.unwrap();

    assert_eq!(refused.headers()[ALLOW], "GET,HEAD");
    assert_eq!(slug(refused).await, "method-not-allowed");
}

#[tokio::test]
async fn the_token_of_a_player_who_is_gone_is_a_problem() {
    let host = Host::start().await;
    let token = host.api.access_token(Uuid::now_v7(), Role::Player).unwrap();

    let refused = host.request(Method::GET, "/api/me").bearer_auth(token).send().await.unwrap();

    assert_eq!(slug(refused).await, "unauthenticated");
}

#[tokio::test]
async fn a_token_that_was_not_made_here_is_a_problem() {
    let host = Host::start().await;

    let without = host.get("/api/me").await;
    let forged = host.request(Method::GET, "/api/me").bearer_auth("e30.e30.e30").send().await.unwrap();

    assert_eq!(slug(without).await, "unauthenticated");
    assert_eq!(slug(forged).await, "unauthenticated");
}
