//! Videos as they are found, watched, liked and deleted.

use std::time::Duration;

use reqwest::{
    Method, Response, StatusCode,
    header::{CONTENT_RANGE, CONTENT_TYPE, ETAG, IF_NONE_MATCH, RANGE},
};
use serde_json::{Value, json};
use stagemark_contest_records::videos;
use uuid::Uuid;

use crate::{
    clips::{Contest, Orders, PATIENCE, Player, file, large_file, read},
    fixture::slug,
};

async fn titles(contest: &Contest, query: &str) -> Vec<String> {
    let page = read(contest.host.get(&format!("/api/videos{query}")).await).await;
    let titles = page["items"].as_array().unwrap().iter().map(|item| item["title"].as_str().unwrap().to_owned());
    titles.collect()
}

async fn range(contest: &Contest, video: Uuid, range: &str) -> Response {
    let path = format!("/api/videos/{video}/media/video");
    contest.host.request(Method::GET, &path).header(RANGE, range).send().await.unwrap()
}

/// Which range an answer says it is.
fn told(answer: &Response) -> &str {
    answer.headers()[CONTENT_RANGE].to_str().unwrap()
}

async fn like(contest: &Contest, player: &Player, video: Uuid, method: Method) -> Value {
    let answer = contest.ask(player, method, &format!("/api/videos/{video}/like")).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    read(answer).await
}

#[tokio::test]
async fn what_is_ready_is_listed_to_all_and_the_rest_to_its_player() {
    let contest = Contest::start().await;
    let ada = contest.player("Ada").await;
    contest.shown(&ada, "Ready").await;
    contest.begun(&ada, &file("")).await;

    let mine = contest.get(&ada, "/api/videos?mine=true").await;
    let states: Vec<_> = mine["items"].as_array().unwrap().iter().map(|item| item["state"].clone()).collect();

    assert_eq!(titles(&contest, "").await, ["Ready"]);
    assert_eq!(states, ["UPLOADING", "READY"]);
    assert_eq!(slug(contest.host.get("/api/videos?mine=true").await).await, "unauthenticated");
}

#[tokio::test]
async fn videos_are_found_by_title_and_by_player() {
    let contest = Contest::start().await;
    let (ada, bob) = (contest.player("Ada_L").await, contest.player("Bob").await);
    contest.shown(&ada, "Backflip 100%").await;
    contest.shown(&bob, "Ñandú jumps").await;

    assert_eq!(titles(&contest, "?q=FLIP").await, ["Backflip 100%"]);
    assert_eq!(titles(&contest, "?q=%C3%B1and%C3%9A").await, ["Ñandú jumps"]);
    assert_eq!(titles(&contest, "?q=ada").await, ["Backflip 100%"]);
    assert_eq!(titles(&contest, "?player=BOB").await, ["Ñandú jumps"]);
    assert_eq!(titles(&contest, &format!("?player={}", ada.id)).await, ["Backflip 100%"]);
    assert_eq!(titles(&contest, "?player=nobody").await, [""; 0]);
}

#[tokio::test]
async fn what_is_searched_for_stands_for_itself() {
    let contest = Contest::start().await;
    let ada = contest.player("Ada").await;
    contest.shown(&ada, "Backflip 100%").await;
    contest.shown(&ada, "Frontflip").await;

    assert_eq!(titles(&contest, "?q=%25").await, ["Backflip 100%"]);
    for nothing in ["_", "\\", "'%20OR%201=1%20--", "%00", "%22"] {
        let answer = contest.host.get(&format!("/api/videos?q={nothing}")).await;
        assert!(matches!(answer.status().as_u16(), 200 | 422), "{nothing}: {}", answer.status());
        let page = read(answer).await;
        assert!(page["items"].as_array().is_none_or(Vec::is_empty), "{nothing}: {page}");
    }
}

#[tokio::test]
async fn pages_go_on_where_they_ended_whatever_comes_in() {
    let contest = Contest::start().await;
    let ada = contest.player("Ada").await;
    for number in 1..=5 {
        contest.shown(&ada, &number.to_string()).await;
    }

    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = read(contest.host.get(&format!("/api/videos?limit=2{cursor}")).await).await;
        let items = page["items"].as_array().unwrap().clone();
        seen.extend(items.into_iter().map(|item| item["title"].as_str().unwrap().to_owned()));
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
        contest.shown(&ada, "New").await;
    }

    assert_eq!(seen, ["5", "4", "3", "2", "1"]);
}

#[tokio::test]
async fn what_asks_for_no_page_is_refused() {
    let contest = Contest::start().await;

    for query in ["limit=0", "limit=101", "limit=x", "cursor=x", "cursor=..%2F..", "sort=name", "mine=maybe"] {
        assert_eq!(slug(contest.host.get(&format!("/api/videos?{query}")).await).await, "invalid-fields", "{query}");
    }
}

#[tokio::test]
async fn a_list_that_has_not_changed_is_not_sent_again() {
    let contest = Contest::start().await;
    let ada = contest.player("Ada").await;
    let video = contest.shown(&ada, "A clip").await;
    let ask = |tag: &str| contest.host.request(Method::GET, "/api/videos").header(IF_NONE_MATCH, tag).send();

    let first = contest.host.get("/api/videos").await;
    let tag = first.headers()[ETAG].to_str().unwrap().to_owned();
    let same = ask(&tag).await.unwrap();
    like(&contest, &ada, video, Method::PUT).await;
    let changed = ask(&tag).await.unwrap();

    assert_eq!((same.status(), changed.status()), (StatusCode::NOT_MODIFIED, StatusCode::OK));
}

#[tokio::test]
async fn a_video_has_all_that_its_page_needs() {
    let contest = Contest::start().await;
    let ada = contest.player("Ada").await;
    let video = contest.shown(&ada, "A clip").await;

    let page = read(contest.host.get(&format!("/api/videos/{video}")).await).await;

    assert_eq!((&page["width_px"], &page["height_px"]), (&1280.into(), &720.into()));
    assert_eq!((&page["duration_ms"], &page["sprites"]["count"]), (&2_000.into(), &2.into()));
    assert_eq!(page["player"], json!({ "id": ada.id, "name": "Ada", "city": "Berlin" }));
    assert_eq!(page["share_path"], format!("/v/{video}"));
    let urls = [&page["video_url"], &page["poster_url"], &page["preview_url"], &page["sprites"]["url"]];
    for (url, media_type) in urls.into_iter().zip(["video/mp4", "image/jpeg", "video/mp4", "image/jpeg"]) {
        let file = contest.host.get(url.as_str().unwrap()).await;
        assert_eq!((file.status(), file.headers()[CONTENT_TYPE].to_str().unwrap()), (StatusCode::OK, media_type));
    }
}

#[tokio::test]
async fn a_video_is_given_whole_and_by_ranges() {
    let contest = Contest::start().await;
    let ada = contest.player("Ada").await;
    let (video, bytes) = (contest.shown(&ada, "A clip").await, large_file(1_000));

    let whole = contest.host.get(&format!("/api/videos/{video}/media/video")).await;
    let tag = whole.headers()[ETAG].clone();
    let part = range(&contest, video, "bytes=10-19").await;
    let end = range(&contest, video, "bytes=-5").await;
    let beyond = range(&contest, video, "bytes=1000-").await;
    let known =
        contest.host.request(Method::GET, &format!("/api/videos/{video}/media/video")).header(IF_NONE_MATCH, tag);

    assert!(whole.bytes().await.unwrap() == bytes);
    assert_eq!((part.status(), told(&part)), (StatusCode::PARTIAL_CONTENT, "bytes 10-19/1000"));
    assert!(part.bytes().await.unwrap() == bytes[10..20]);
    assert!(end.bytes().await.unwrap() == bytes[995..]);
    assert_eq!((beyond.status(), told(&beyond)), (StatusCode::RANGE_NOT_SATISFIABLE, "bytes */1000"));
    assert_eq!(known.send().await.unwrap().status(), StatusCode::NOT_MODIFIED);
    assert_eq!(slug(contest.host.get(&format!("/api/videos/{video}/media/..%2Fx")).await).await, "not-found");
}

#[tokio::test]
async fn the_seek_bar_has_its_pictures() {
    let contest = Contest::start().await;
    let ada = contest.player("Ada").await;
    let video = contest.shown(&ada, "A clip").await;

    let cues = contest.host.get(&format!("/api/videos/{video}/sprites.vtt")).await;

    assert_eq!(cues.headers()[CONTENT_TYPE], "text/vtt; charset=utf-8");
    let text = cues.text().await.unwrap();
    let last = format!("00:00:01.000 --> 00:00:02.000\n/api/videos/{video}/media/sprites#xywh=160,0,160,90\n");
    assert!(text.starts_with("WEBVTT\n\n") && text.ends_with(&last), "{text}");
}

#[tokio::test]
async fn a_player_has_one_like_for_a_video() {
    let contest = Contest::start().await;
    let (ada, bob) = (contest.player("Ada").await, contest.player("Bob").await);
    let video = contest.shown(&ada, "A clip").await;

    let answers = futures::future::join_all((0..4).map(|_| like(&contest, &ada, video, Method::PUT))).await;
    like(&contest, &bob, video, Method::PUT).await;
    let seen = contest.get(&bob, &format!("/api/videos/{video}")).await;
    like(&contest, &bob, video, Method::DELETE).await;
    let taken_back = like(&contest, &bob, video, Method::DELETE).await;

    assert!(answers.iter().all(|likes| *likes == json!({ "likes": 1, "liked_by_me": true })), "{answers:?}");
    assert_eq!((&seen["likes"], &seen["liked_by_me"]), (&2.into(), &true.into()));
    assert_eq!(taken_back, json!({ "likes": 1, "liked_by_me": false }));
}

#[tokio::test]
async fn a_video_that_is_deleted_goes_for_good() {
    let contest = Contest::start().await;
    let ada = contest.player("Ada").await;
    let video = contest.shown(&ada, "A clip").await;
    like(&contest, &ada, video, Method::PUT).await;
    let path = format!("/api/videos/{video}");

    let deleted = contest.ask(&ada, Method::DELETE, &path).send().await.unwrap();
    let seen = contest.ask(&ada, Method::GET, &path).send().await.unwrap();
    let again = contest.ask(&ada, Method::DELETE, &path).send().await.unwrap();
    let media = contest.host.get(&format!("{path}/media/video")).await;

    assert_eq!(deleted.status(), StatusCode::NO_CONTENT);
    assert_eq!(
        (slug(seen).await, slug(again).await, slug(media).await),
        ("not-found".into(), "not-found".into(), "not-found".into())
    );
    gone(&contest, video).await;
    assert!(contest.artifacts.list("").await.unwrap().is_empty());
}

/// Waits until the row of a video is removed, which is last.
async fn gone(contest: &Contest, video: Uuid) {
    let until = async {
        while videos::find(contest.records().reader(), video).await.unwrap().is_some() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, until).await.unwrap();
}

#[tokio::test]
async fn a_video_that_is_deleted_while_it_is_made_is_not_shown() {
    let contest = Contest::start().await;
    let ada = contest.player("Ada").await;
    contest.orders.send_replace(Orders::Wait);
    let video = contest.queued(&ada, "A clip").await;

    let deleted = contest.ask(&ada, Method::DELETE, &format!("/api/videos/{video}")).send().await.unwrap();
    contest.orders.send_replace(Orders::Go);

    assert_eq!(deleted.status(), StatusCode::NO_CONTENT);
    gone(&contest, video).await;
    assert_eq!(titles(&contest, "").await, [""; 0]);
}
