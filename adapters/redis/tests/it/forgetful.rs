//! Redis forgets, by a flush, a restart or a pause: then it is slower, and nothing is given twice.

use stagemark::{
    RunId, Status,
    ports::{Dedup, Glimpse, Limits, Live, LockToken, Locks, News, Standing},
};
use tokio::time::{Instant, sleep};

use crate::fixture::{Holder, LONG, TTL, answers, mail, to_harm, until};

#[tokio::test]
async fn fencing_tokens_grow_across_a_flush() {
    let (server, redis) = to_harm().await;
    let before = redis.acquire("printer", LockToken::new(), LONG).await.unwrap().unwrap();

    server.flush().unwrap();
    let after = redis.acquire("printer", LockToken::new(), LONG).await.unwrap().expect("it was forgotten");

    assert!(after.fencing_token > before.fencing_token, "{after:?} after {before:?}");
    assert!(!redis.renew(&before, LONG).await.unwrap(), "another has it now");
    assert!(!redis.release(&before).await.unwrap());
    assert!(redis.renew(&after, LONG).await.unwrap());
}

#[tokio::test]
async fn a_lock_that_was_forgotten_is_the_holder_s_when_it_renews() {
    let (server, redis) = to_harm().await;
    let held = redis.acquire("printer", LockToken::new(), LONG).await.unwrap().unwrap();

    server.flush().unwrap();

    assert!(redis.renew(&held, LONG).await.unwrap());
    assert_eq!(redis.acquire("printer", LockToken::new(), LONG).await.unwrap(), None);
    redis.release(&held).await.unwrap();
    let next = redis.acquire("printer", LockToken::new(), LONG).await.unwrap().unwrap();
    assert!(next.fencing_token > held.fencing_token, "{next:?} after {held:?}");
}

#[tokio::test]
async fn after_a_flush_no_permits_are_granted_before_holders_could_speak() {
    let (server, redis) = to_harm().await;
    let (mut one, mut other) = (Holder::new(&redis, 1), Holder::new(&redis, 2));
    one.get(2).await;

    server.flush().unwrap();
    let flushed = Instant::now();
    assert_eq!(other.want(3).await, 0);
    one.want(0).await;
    until(async || {
        one.want(0).await;
        other.want(3).await > 0
    })
    .await;

    assert_eq!(other.held, 1);
    assert!(flushed.elapsed() >= TTL.mul_f64(0.9), "granted after {:?}", flushed.elapsed());
}

#[tokio::test]
async fn after_a_restart_no_permits_are_granted_before_holders_could_speak() {
    let (server, redis) = to_harm().await;
    let (mut one, mut other) = (Holder::new(&redis, 1), Holder::new(&redis, 2));
    one.get(2).await;

    server.kill().unwrap();
    server.start_again().unwrap();
    let started = Instant::now();
    until(async || answers(&redis).await).await;
    until(async || {
        one.want(0).await;
        other.want(3).await > 0
    })
    .await;

    assert_eq!(other.held, 1);
    assert!(started.elapsed() >= TTL.mul_f64(0.9), "granted after {:?}", started.elapsed());
}

#[tokio::test]
async fn a_pause_lets_no_permit_lapse() {
    let (server, redis) = to_harm().await;
    let (mut one, mut other) = (Holder::new(&redis, 1), Holder::new(&redis, 2));
    one.get(3).await;
    one.want(0).await;

    server.pause().unwrap();
    sleep(TTL * 2).await;
    server.resume();
    until(async || answers(&redis).await).await;

    assert_eq!(other.want(1).await, 0, "nobody could renew in time");
    until(async || other.want(1).await == 1).await;
}

#[tokio::test]
async fn after_a_flush_a_rate_counts_as_used_up() {
    let (server, redis) = to_harm().await;
    until(async || redis.draw(&mail(), 10).await.unwrap().granted > 0).await;

    server.flush().unwrap();

    assert_eq!(redis.draw(&mail(), 10).await.unwrap().granted, 0);
    until(async || redis.draw(&mail(), 1).await.unwrap().granted == 1).await;
}

#[tokio::test]
async fn after_a_flush_keys_and_news_are_forgotten_and_can_be_told_again() {
    let (server, redis) = to_harm().await;
    let run = RunId::new();
    let standing = Some(Standing { status: Status::Running, stamp: 1 });
    let news = [News { run, standing, beats: Vec::new() }];
    let tell = async || {
        redis.remember("publish", "a", run, LONG).await.unwrap();
        redis.tell(&news, LONG).await.unwrap();
    };
    tell().await;

    server.flush().unwrap();

    assert_eq!(redis.recall("publish", "a").await.unwrap(), None);
    assert_eq!(redis.look(run).await.unwrap(), Glimpse::default());
    tell().await;
    assert_eq!(redis.recall("publish", "a").await.unwrap(), Some(run));
    assert_eq!(redis.look(run).await.unwrap().standing, standing);
}
