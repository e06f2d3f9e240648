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
