//! Addresses and secrets: wrong ones are told clearly, and none is shown.

use std::error::Error;

use stagemark_redis::{Redis, RedisError};
use stagemark_services as services;

/// An error with all that it says of its causes.
fn all(error: &RedisError) -> String {
    let causes = std::iter::successors(error.source(), |cause| (*cause).source());
    causes.fold(format!("{error} {error:?}"), |text, cause| format!("{text}: {cause} {cause:?}"))
}

#[tokio::test]
async fn a_wrong_password_is_denied_and_not_shown() {
    let server = services::Redis::temporary().unwrap();
    let url = format!("redis://:hunter2@{}", server.address());

    let denied = Redis::connect(&url).await.unwrap_err();

    assert!(matches!(denied, RedisError::Denied(_)), "{denied:?}");
    assert!(!all(&denied).contains("hunter2"), "{}", all(&denied));
}

#[tokio::test]
async fn no_password_where_one_is_needed_is_denied() {
    let server = services::Redis::temporary().unwrap();

    let denied = Redis::connect(&format!("redis://{}", server.address())).await.unwrap_err();

    assert!(matches!(denied, RedisError::Denied(_)), "{denied:?}");
}

#[tokio::test]
async fn a_connection_does_not_show_its_password() {
    let server = services::Redis::temporary().unwrap();
    let secret = server.place().secret().reveal().to_owned();
    let options = Redis::options(&format!("redis://{}", server.address())).unwrap().password(secret.clone());

    let shown = format!("{options:?} {:?}", options.clone().connect().await.unwrap());

    assert!(!shown.contains(&secret), "{shown}");
    assert!(shown.contains(&server.address().to_string()), "{shown}");
}

#[tokio::test]
async fn a_cluster_s_address_that_leads_to_a_single_node_is_refused() {
    let server = services::Redis::temporary().unwrap();
    let url = server.url().replace("redis://", "redis-cluster://");

    let refused = Redis::connect(&url).await.unwrap_err();

    assert!(matches!(refused, RedisError::Refused(_)), "{refused:?}");
}
