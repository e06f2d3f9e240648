//! Limits that hold over all hosts, and what holds where Redis is away.

use reqwest::{StatusCode, header::RETRY_AFTER};

use crate::{
    fixture::{Host, PASSWORD, slug},
    rankings::cluster,
};

/// How guesses at a password are answered that are made at these hosts in turns.
async fn guesses(hosts: &[Host], name: &str, count: usize) -> Vec<StatusCode> {
    let mut answers = Vec::new();
    for host in hosts.iter().cycle().take(count) {
        answers.push(host.sign_in(name, "battery staple").await.status());
    }
    answers
}

#[tokio::test]
async fn guesses_at_one_name_are_counted_over_all_hosts() {
    let (_redis, hosts) = cluster().await;
    hosts[0].sign_up("ada").await;

    let answers = guesses(&hosts, "ada", 5).await;
    let refused = [hosts[0].sign_in("ADA", PASSWORD).await, hosts[1].sign_in("ada", PASSWORD).await];

    assert_eq!(answers, [StatusCode::UNAUTHORIZED; 5]);
    for refused in refused {
        let wait: u64 = refused.headers()[RETRY_AFTER].to_str().unwrap().parse().unwrap();
        assert!((1..=12).contains(&wait), "{wait}");
        assert_eq!(slug(refused).await, "rate-limited");
    }
    assert_eq!(guesses(&hosts, "bob", 1).await, [StatusCode::UNAUTHORIZED], "another name is another count");
}

#[tokio::test]
async fn while_redis_is_away_each_host_counts_for_itself() {
    let (redis, hosts) = cluster().await;
    redis.stop().unwrap();

    let answers = guesses(&hosts, "ada", 12).await;

    assert_eq!(answers[..10], [StatusCode::UNAUTHORIZED; 10]);
    assert_eq!(answers[10..], [StatusCode::TOO_MANY_REQUESTS; 2]);
}
