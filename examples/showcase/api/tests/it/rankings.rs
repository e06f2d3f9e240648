//! Boards and the intake of events, embedded and on two hosts that share `PostgreSQL` and Redis.

use reqwest::{
    Method, StatusCode,
    header::{CONTENT_TYPE, ETAG, IF_NONE_MATCH, RETRY_AFTER},
};
use serde_json::{Value, json};
use stagemark::Engine;
use stagemark_blob::LocalArtifacts;
use stagemark_contest_api::Uploads;
use stagemark_contest_contract::{Moment, Role};
use stagemark_contest_ranking::{RedisSets, Weights};
use stagemark_contest_records::{entity::video, testing};
use stagemark_redis::Redis;
use stagemark_services as services;
use stagemark_sql::SqlStore;
use uuid::Uuid;

use crate::fixture::{Ground, Host, SECRET, schema, slug};

/// Two hosts on one `PostgreSQL`, and on a Redis that may be harmed.
pub(crate) async fn cluster() -> (services::Redis, [Host; 2]) {
    let (redis, url) = (services::Redis::temporary().unwrap(), schema("rankings").await);
    let host = async || {
        let shared = Redis::connect(&redis.url()).await.unwrap();
        let sets = RedisSets::new(shared.clone(), Weights::default());
        let folder = tempfile::tempdir().unwrap();
        let engine = Engine::builder(SqlStore::open(&url).await.unwrap()).start().await.unwrap();
        let uploads = Uploads::folder(LocalArtifacts::open(folder.path()).unwrap(), &SECRET.into());
        let ground =
            Ground { folder: Some(folder), url: url.clone(), engine, uploads, latest: None, redis: Some(shared) };
        Host::with_boards(ground, sets, |_| {}).await
    };
    let hosts = [host().await, host().await];
    (redis, hosts)
}

async fn embedded() -> Host {
    Host::start().await
}

/// A player of Berlin.
pub(crate) async fn player(host: &Host, name: &str) -> (Uuid, String) {
    let signed_in = host.sign_up(name).await;
    (signed_in.player["id"].as_str().unwrap().parse().unwrap(), signed_in.token)
}

/// A video that can be watched.
pub(crate) async fn video(host: &Host, player: Uuid) -> Uuid {
    let video = testing::video(player, video::State::Ready);
    let id = video.id;
    let transaction = host.api.records.begin().await.unwrap();
    testing::insert(&transaction, video).await.unwrap();
    transaction.commit().await.unwrap();
    id
}

pub(crate) fn view(video: Uuid) -> Value {
    json!({ "id": Uuid::now_v7(), "video": video, "kind": "view", "at": Moment::now() })
}

pub(crate) async fn send(host: &Host, events: &[Value]) -> Value {
    let answer = host.send(Method::POST, "/api/events", &json!({ "events": events })).await;
    assert_eq!(answer.status(), StatusCode::ACCEPTED);
    read(answer).await
}

async fn read(answer: reqwest::Response) -> Value {
    serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap()
}

pub(crate) async fn board(host: &Host, query: &str) -> Value {
    let answer = host.get(&format!("/api/rankings{query}")).await;
    assert_eq!(answer.status(), StatusCode::OK);
    read(answer).await
}

/// The names and scores on a board.
pub(crate) fn places(board: &Value) -> Vec<(String, f64)> {
    let items = board["items"].as_array().unwrap();
    let place = |place: &Value| {
        (place["player"]["name"].as_str().unwrap().to_owned(), place["score"].as_f64().unwrap().round())
    };
    items.iter().map(place).collect()
}

async fn events_move_boards_once(one: &Host, other: &Host) {
    let ((ada, _), (bob, token)) = (player(one, "Ada").await, player(one, "Bob").await);
    let (of_ada, of_bob) = (video(one, ada).await, video(one, bob).await);
    assert_eq!(places(&board(other, "").await), []);
    let watched =
        json!({ "id": Uuid::now_v7(), "video": of_bob, "kind": "watch", "watch_ms": 60_000, "at": Moment::now() });
    let first = view(of_ada);

    let answer = send(one, &[first.clone(), watched.clone(), view(of_bob), view(Uuid::now_v7()), first.clone()]).await;
    let again = send(other, &[first, watched]).await;

    assert_eq!(answer, json!({ "accepted": 3, "repeated": 1 }));
    assert_eq!(again, json!({ "accepted": 0, "repeated": 2 }));
    let ranked = [("Bob".to_owned(), 4.0), ("Ada".to_owned(), 1.0)];
    for host in [one, other] {
        for query in ["", "?city=Berlin"] {
            let board = board(host, query).await;
            assert_eq!(places(&board), ranked, "{board}");
            assert_eq!(board["items"][1]["rank"], 2);
        }
    }
    assert_eq!(places(&board(one, "?city=Paris").await), []);
    let page = board(one, "?limit=1").await;
    let next = board(one, &format!("?limit=1&cursor={}", page["next_cursor"].as_str().unwrap())).await;
    assert_eq!((places(&page), places(&next)), (vec![ranked[0].clone()], vec![ranked[1].clone()]));
    assert_eq!(next["next_cursor"], Value::Null);
    let around = one.request(Method::GET, "/api/rankings/around-me?radius=0").bearer_auth(token).send().await.unwrap();
    assert_eq!(places(&read(around).await), ranked[..1]);
}

#[tokio::test]
async fn embedded_events_move_boards_once() {
    let host = embedded().await;

    events_move_boards_once(&host, &host).await;
}

#[tokio::test]
async fn on_two_hosts_events_move_boards_once() {
    let (_redis, [one, other]) = cluster().await;

    events_move_boards_once(&one, &other).await;
}

async fn likes_and_removals_move_boards(one: &Host, other: &Host) {
    let ((ada, of_ada), (bob, of_bob)) = (player(one, "Ada").await, player(one, "Bob").await);
    let (first, second) = (video(one, ada).await, video(one, bob).await);
    board(other, "").await;
    let order = async |method: Method, path: String, token: &String| {
        let answer = one.request(method, &format!("/api/videos/{path}")).bearer_auth(token).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
    };

    // Once more changes nothing.
    for _ in 0..2 {
        order(Method::PUT, format!("{first}/like"), &of_bob).await;
    }
    order(Method::PUT, format!("{second}/like"), &of_ada).await;
    order(Method::PUT, format!("{second}/like"), &of_bob).await;
    assert_eq!(places(&board(other, "").await), [("Bob".to_owned(), 20.0), ("Ada".to_owned(), 10.0)]);
    for _ in 0..2 {
        order(Method::DELETE, format!("{second}/like"), &of_ada).await;
    }
    order(Method::DELETE, first.to_string(), &of_ada).await;

    for query in ["", "?city=Berlin"] {
        assert_eq!(places(&board(other, query).await), [("Bob".to_owned(), 10.0)]);
    }
}

#[tokio::test]
async fn embedded_likes_and_removals_move_boards() {
    let host = embedded().await;

    likes_and_removals_move_boards(&host, &host).await;
}

#[tokio::test]
async fn on_two_hosts_likes_and_removals_move_boards() {
    let (_redis, [one, other]) = cluster().await;

    likes_and_removals_move_boards(&one, &other).await;
}

#[tokio::test]
async fn while_redis_is_away_events_are_taken_and_boards_are_right() {
    let (redis, [one, other]) = cluster().await;
    let video = video(&one, player(&one, "Ada").await.0).await;
    send(&one, &[view(video)]).await;
    for host in [&one, &other] {
        assert_eq!(places(&board(host, "").await), [("Ada".to_owned(), 1.0)]);
    }

    redis.stop().unwrap();
    send(&one, &[view(video)]).await;
    for host in [&one, &other] {
        let board = board(host, "").await;
        assert_eq!(places(&board), [("Ada".to_owned(), 2.0)], "{board}");
        assert_eq!(board["computed"], "database");
    }
    redis.start_again().unwrap();

    let mut sent = 2.0;
    loop {
        send(&one, &[view(video)]).await;
        sent += 1.0;
        let ranked = [("Ada".to_owned(), sent)];
        let [here, there] = [board(&one, "").await, board(&other, "").await];
        // The host that takes events knows at once what it could not count; the other, once that one is connected again.
        assert_eq!(places(&here), ranked, "{here}");
        if here["computed"] == "cache" && there["computed"] == "cache" && places(&there) == ranked {
            break;
        }
    }
}

#[tokio::test]
async fn what_is_known_of_a_board_is_not_sent_again() {
    let host = embedded().await;
    board(&host, "").await;
    let first = host.get("/api/rankings").await;
    let tag = first.headers()[ETAG].clone();

    let again = host.request(Method::GET, "/api/rankings").header(IF_NONE_MATCH, tag).send().await.unwrap();

    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
}

#[tokio::test]
async fn what_cannot_be_asked_of_a_board_is_refused() {
    let host = embedded().await;
    let queries = ["limit=0", "limit=101", "limit=-1", "city=Atlantis", "cursor=abc", "cursor=", "page=2"];
    for query in queries {
        assert_eq!(slug(host.get(&format!("/api/rankings?{query}")).await).await, "invalid-fields", "{query}");
    }

    assert_eq!(slug(host.get("/api/rankings/around-me").await).await, "unauthenticated");
}

#[tokio::test]
async fn events_that_cannot_be_are_refused() {
    let host = embedded().await;
    let video = Uuid::now_v7();
    let changed = |change: Value| {
        let mut event = view(video);
        event.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        json!({ "events": [event] })
    };
    let too_many: Vec<_> = (0..101).map(|_| view(video)).collect();
    let bodies = [
        json!({ "events": [] }),
        json!({ "events": too_many }),
        changed(json!({ "kind": "watch" })),
        changed(json!({ "kind": "watch", "watch_ms": 600_001 })),
        changed(json!({ "kind": "watch", "watch_ms": -1 })),
        changed(json!({ "watch_ms": 1 })),
        changed(json!({ "kind": "like" })),
        changed(json!({ "at": "yesterday" })),
        changed(json!({ "player": Uuid::now_v7() })),
    ];
    for body in bodies {
        let refused = host.send(Method::POST, "/api/events", &body).await;
        assert_eq!(slug(refused).await, "invalid-fields", "{body}");
    }
}

#[tokio::test]
async fn events_of_long_ago_are_not_counted_and_those_of_the_future_are_of_now() {
    let host = embedded().await;
    let video = video(&host, player(&host, "Ada").await.0).await;
    let at = |hours: i64| Moment(Moment::now().0 + hours * 3_600_000);
    let event = |hours| json!({ "id": Uuid::now_v7(), "video": video, "kind": "view", "at": at(hours) });

    let taken = send(&host, &[event(-25), event(1_000_000)]).await;

    assert_eq!(taken, json!({ "accepted": 1, "repeated": 0 }));
    assert_eq!(places(&board(&host, "").await), [("Ada".to_owned(), 1.0)]);
}

#[tokio::test]
async fn whoever_sends_events_too_often_is_told_when_to_come_again() {
    let host = Host::start_with(|settings| settings.rates.events_by_address = 2).await;
    for _ in 0..2 {
        send(&host, &[view(Uuid::now_v7())]).await;
    }

    let refused = host.send(Method::POST, "/api/events", &json!({ "events": [view(Uuid::now_v7())] })).await;

    assert!(refused.headers().contains_key(RETRY_AFTER));
    assert_eq!(slug(refused).await, "rate-limited");
}

#[tokio::test]
async fn caches_are_ordered_about_by_admins_alone() {
    let host = embedded().await;
    let order = async |path: &str, role: Option<Role>| {
        let request = host
            .request(Method::POST, &format!("/api/admin/cache/{path}"))
            .header(CONTENT_TYPE, "application/json")
            .body(r#"{"scope":"all"}"#);
        let token = role.map(|role| host.api.access_token(Uuid::now_v7(), role).unwrap());
        let request = token.into_iter().fold(request, reqwest::RequestBuilder::bearer_auth);
        request.send().await.unwrap()
    };
    for path in ["warm", "invalidate"] {
        assert_eq!(slug(order(path, None).await).await, "unauthenticated");
        assert_eq!(slug(order(path, Some(Role::Player)).await).await, "forbidden");
        let taken = order(path, Some(Role::Admin)).await;
        assert_eq!(taken.status(), StatusCode::ACCEPTED);
        assert!(read(taken).await["run"].as_str().is_some_and(|run| run.parse::<Uuid>().is_ok()));
    }
}
