//! What is a player's is no other's.

use reqwest::{Method, StatusCode};
use stagemark_contest_contract::Role;

use crate::{
    clips::{Contest, Orders, file},
    fixture::slug,
};

/// Every way to a video that is not ready, or that changes one.
const WAYS: &[(&str, &str)] = &[
    ("GET", ""),
    ("DELETE", ""),
    ("GET", "/upload"),
    ("POST", "/upload/complete"),
    ("DELETE", "/upload"),
    ("PUT", "/content"),
    ("GET", "/run"),
    ("GET", "/run/events"),
    ("POST", "/run/cancel"),
    ("POST", "/run/retry"),
    ("GET", "/history"),
    ("PUT", "/like"),
    ("DELETE", "/like"),
];

fn method(name: &str) -> Method {
    name.parse().unwrap()
}

#[tokio::test]
async fn the_video_of_another_is_not_there() {
    let contest = Contest::start().await;
    let (ada, eve) = (contest.player("Ada").await, contest.player("Eve").await);
    contest.orders.send_replace(Orders::Wait);
    let begun = contest.begun(&ada, &file("")).await;
    let queued = contest.queued(&ada, "A clip").await;
    contest.ends(&ada, queued, "RUNNING").await;

    for video in [begun, queued] {
        for (verb, way) in WAYS {
            let path = format!("/api/videos/{video}{way}");
            let refused = contest.ask(&eve, method(verb), &path).body("x").send().await.unwrap();
            assert_eq!(slug(refused).await, "not-found", "{verb} {path}");
        }
    }
    for medium in ["video", "poster", "preview", "sprites"] {
        let path = format!("/api/videos/{queued}/media/{medium}");
        assert_eq!(slug(contest.host.get(&path).await).await, "not-found", "{path}");
    }
    assert_eq!(contest.get(&ada, &format!("/api/videos/{begun}")).await["state"], "UPLOADING");
    assert_eq!(contest.get(&ada, &format!("/api/videos/{queued}/run")).await["status"], "RUNNING");
}

#[tokio::test]
async fn a_video_that_is_shown_is_still_changed_by_its_player_alone() {
    let contest = Contest::start().await;
    let (ada, eve) = (contest.player("Ada").await, contest.player("Eve").await);
    let video = contest.shown(&ada, "A clip").await;
    let open = [("GET", ""), ("PUT", "/like"), ("DELETE", "/like")];

    for (verb, way) in WAYS.iter().filter(|way| !open.contains(way)) {
        let path = format!("/api/videos/{video}{way}");
        let refused = contest.ask(&eve, method(verb), &path).body("x").send().await.unwrap();
        assert_eq!(slug(refused).await, "not-found", "{verb} {path}");
    }
    assert_eq!(contest.get(&eve, &format!("/api/videos/{video}")).await["state"], "READY");
}

#[tokio::test]
async fn whoever_is_signed_out_changes_and_follows_nothing() {
    let contest = Contest::start().await;
    let ada = contest.player("Ada").await;
    let video = contest.shown(&ada, "A clip").await;

    for (verb, way) in WAYS.iter().filter(|way| **way != ("GET", "")) {
        let path = format!("/api/videos/{video}{way}");
        let refused = contest.host.request(method(verb), &path).body("x").send().await.unwrap();
        assert_eq!(slug(refused).await, "unauthenticated", "{verb} {path}");
    }
    assert_eq!(contest.host.get(&format!("/api/videos/{video}")).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn an_admin_sees_and_deletes_but_sends_nothing_in_anothers_name() {
    let contest = Contest::start().await;
    let ada = contest.player("Ada").await;
    let admin = contest.somebody("Root", Role::Admin).await;
    let (begun, shown) = (contest.begun(&ada, &file("")).await, contest.shown(&ada, "A clip").await);

    let refused = contest.ask(&admin, Method::PUT, &format!("/api/videos/{begun}/content")).body("x").send().await;
    let deleted = contest.ask(&admin, Method::DELETE, &format!("/api/videos/{shown}")).send().await.unwrap();

    assert_eq!(slug(refused.unwrap()).await, "not-found");
    assert_eq!(contest.get(&admin, &format!("/api/videos/{begun}")).await["state"], "UPLOADING");
    assert_eq!(deleted.status(), StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn a_player_who_changes_too_much_must_wait() {
    let contest = Contest::start().await;
    let (ada, bob) = (contest.player("Ada").await, contest.player("Bob").await);
    let video = contest.shown(&ada, "A clip").await;
    let host = contest.another_host_with(|settings| settings.rates.write_by_player = 2).await;
    let path = format!("/api/videos/{video}/like");
    let like = |token: &str| host.request(Method::PUT, &path).bearer_auth(token).send();

    let statuses = [like(&ada.token).await.unwrap().status(), like(&ada.token).await.unwrap().status()];
    let refused = like(&ada.token).await.unwrap();
    let other = like(&bob.token).await.unwrap();

    assert_eq!((statuses, other.status()), ([StatusCode::OK; 2], StatusCode::OK));
    assert!(refused.headers().contains_key("retry-after"));
    assert_eq!(slug(refused).await, "rate-limited");
}
