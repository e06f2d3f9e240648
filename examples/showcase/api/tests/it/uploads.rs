//! How a video comes in: announced once, sent in parts or in one go, and never half.

use std::time::Duration;

use bytes::Bytes;
use futures::stream;
use reqwest::{Body, Method, StatusCode, header::LOCATION};
use serde_json::json;
use stagemark_contest_records::videos;
use uuid::Uuid;

use crate::{
    clips::{Contest, Player, announcement, file, id_of, large_file, read},
    fixture::slug,
};

const MIB: usize = 1 << 20;

async fn contest() -> (Contest, Player) {
    let contest = Contest::start().await;
    let player = contest.player("Ada").await;
    (contest, player)
}

async fn complete(contest: &Contest, player: &Player, video: Uuid) -> reqwest::Response {
    contest.post(player, &format!("/api/videos/{video}/upload/complete")).await
}

#[tokio::test]
async fn a_request_that_is_repeated_is_the_same_video() {
    let (contest, player) = contest().await;
    let clip = announcement("Backflip", 1_000);

    let first = contest.announce(&player, &clip, "one").await;
    let again = contest.announce(&player, &clip, "one").await;
    let other = contest.announce(&player, &announcement("Frontflip", 1_000), "one").await;
    let of_another = contest.announce(&contest.player("Bob").await, &clip, "one").await;

    assert_eq!((first.status(), again.status()), (StatusCode::CREATED, StatusCode::OK));
    assert_eq!(first.headers()[LOCATION], again.headers()[LOCATION]);
    assert_eq!(slug(other).await, "idempotency-key-reused");
    assert_eq!(of_another.status(), StatusCode::CREATED);
    assert_eq!(read(first).await["state"], "UPLOADING");
}

#[tokio::test]
async fn requests_that_race_with_one_key_are_one_video() {
    let (contest, player) = contest().await;
    let clip = announcement("Backflip", 1_000);

    let answers = futures::future::join_all((0..8).map(|_| contest.announce(&player, &clip, "one"))).await;

    let mut created = 0;
    let mut videos = Vec::new();
    for answer in answers {
        assert!(answer.status().is_success(), "{}", answer.status());
        created += usize::from(answer.status() == StatusCode::CREATED);
        videos.push(id_of(&read(answer).await));
    }
    videos.dedup();
    assert_eq!((created, videos.len()), (1, 1));
    assert_eq!(contest.get(&player, "/api/videos?mine=true").await["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_key_is_free_again_when_its_video_is_gone() {
    let (contest, player) = contest().await;
    let first = id_of(&read(contest.announce(&player, &announcement("A", 10), "one").await).await);
    let cancelled = contest.ask(&player, Method::DELETE, &format!("/api/videos/{first}/upload")).send().await.unwrap();

    let second = contest.announce(&player, &announcement("B", 20), "one").await;

    assert_eq!(cancelled.status(), StatusCode::NO_CONTENT);
    assert_eq!(second.status(), StatusCode::CREATED);
    assert_ne!(id_of(&read(second).await), first);
}

#[tokio::test]
async fn what_cannot_be_a_video_is_refused_field_by_field() {
    let (contest, player) = contest().await;
    let good = announcement("Backflip", 1_000);
    let wrong = [
        ("title", json!("")),
        ("title", json!("x".repeat(81))),
        ("title", json!("a\u{0}b")),
        ("file_name", json!("")),
        ("size_bytes", json!(0)),
        ("size_bytes", json!((512_u64 << 20) + 1)),
        ("size_bytes", json!(-1)),
        ("content_type", json!("text/html")),
        ("player", json!(Uuid::now_v7())),
        ("state", json!("READY")),
    ];

    for (field, value) in wrong {
        let mut clip = good.clone();
        clip[field] = value.clone();
        let refused = contest.announce(&player, &clip, "one").await;
        assert_eq!(slug(refused).await, "invalid-fields", "{field} {value}");
    }
    for key in ["", " ", "with space", &"x".repeat(129)] {
        assert_eq!(slug(contest.announce(&player, &good, key).await).await, "malformed-request", "{key:?}");
    }
    assert_eq!(contest.get(&player, "/api/videos?mine=true").await["items"], json!([]));
}

#[tokio::test]
async fn an_upload_goes_on_where_it_was_left() {
    let (contest, player) = contest().await;
    let file = large_file(20 * MIB + 5);
    let video = contest.begun(&player, &file).await;
    let path = format!("/api/videos/{video}/upload");
    let upload = contest.get(&player, &path).await;
    let second = &upload["parts"][1];
    let sent = contest.host.client.put(contest.whole(&second["url"])).body(file.slice(8 * MIB..16 * MIB)).send();
    assert!(sent.await.unwrap().status().is_success());

    let left: Vec<_> = contest.get(&player, &path).await["parts"].as_array().unwrap().clone();
    let missing = complete(&contest, &player, video).await;
    contest.send_parts(&player, video, &file).await;
    let done = complete(&contest, &player, video).await;

    assert_eq!(left.iter().map(|part| part["is_stored"].as_bool().unwrap()).collect::<Vec<_>>(), [false, true, false]);
    assert_eq!(slug(missing).await, "conflict");
    assert_eq!(done.status(), StatusCode::ACCEPTED);
    assert_eq!(done.headers()[LOCATION].to_str().unwrap(), format!("/api/videos/{video}/run"));
    let row = videos::find(contest.records().reader(), video).await.unwrap().unwrap();
    let stored = contest.artifacts.open(&row.upload_key).await.unwrap();
    assert!(stored.read(0..stored.size_bytes()).await.unwrap() == file);
    contest.ends(&player, video, "READY").await;
}

#[tokio::test]
async fn two_who_complete_at_once_submit_one_run() {
    let (contest, player) = contest().await;
    let file = file("");
    let video = contest.begun(&player, &file).await;
    contest.send_parts(&player, video, &file).await;

    let all = futures::future::join_all((0..6).map(|_| complete(&contest, &player, video))).await;
    let later = complete(&contest, &player, video).await;

    assert!(all.iter().chain([&later]).all(|answer| answer.status() == StatusCode::ACCEPTED), "{all:?}");
    assert_eq!(videos::runs(contest.records().reader(), video).await.unwrap().len(), 1);
    contest.ends(&player, video, "READY").await;
}

#[tokio::test]
async fn an_upload_that_is_cancelled_leaves_nothing() {
    let (contest, player) = contest().await;
    let file = file("");
    let video = contest.begun(&player, &file).await;
    let upload = contest.get(&player, &format!("/api/videos/{video}/upload")).await;
    contest.send_parts(&player, video, &file).await;

    let cancelled = contest.ask(&player, Method::DELETE, &format!("/api/videos/{video}/upload")).send().await.unwrap();
    let late = contest.host.client.put(contest.whole(&upload["parts"][0]["url"])).body(file).send().await.unwrap();

    assert_eq!(cancelled.status(), StatusCode::NO_CONTENT);
    assert_eq!(slug(late).await, "not-found");
    assert_eq!(slug(complete(&contest, &player, video).await).await, "not-found");
    assert!(contest.artifacts.list("").await.unwrap().is_empty());
}

#[tokio::test]
async fn a_file_that_has_come_in_is_not_cancelled() {
    let (contest, player) = contest().await;
    let video = contest.queued(&player, "A clip").await;

    let refused = contest.ask(&player, Method::DELETE, &format!("/api/videos/{video}/upload")).send().await.unwrap();

    assert_eq!(slug(refused).await, "conflict");
    contest.ends(&player, video, "READY").await;
}

#[tokio::test]
async fn a_file_that_is_no_video_is_refused_and_gone() {
    let (contest, player) = contest().await;
    for bytes in [Bytes::from_static(b"#EXTM3U\nfile:///etc/passwd"), Bytes::from_static(b"\x1a\x45\xdf\xa3 a webm")] {
        let video = contest.begun(&player, &bytes).await;
        contest.send_parts(&player, video, &bytes).await;

        let refused = complete(&contest, &player, video).await;

        assert_eq!(slug(refused).await, "unsupported-media-type");
        assert_eq!(slug(complete(&contest, &player, video).await).await, "not-found");
    }
    assert!(contest.artifacts.list("").await.unwrap().is_empty());
}

#[tokio::test]
async fn a_file_comes_in_whole_through_the_host() {
    let (contest, player) = contest().await;
    let file = large_file(3 * MIB);
    let video = contest.begun(&player, &file).await;
    let path = format!("/api/videos/{video}/content");

    let short = contest.ask(&player, Method::PUT, &path).body(file.slice(..10)).send().await.unwrap();
    let long = contest.ask(&player, Method::PUT, &path).body([&*file, b"x"].concat()).send().await.unwrap();
    let done = contest.ask(&player, Method::PUT, &path).body(file.clone()).send().await.unwrap();
    let again = contest.ask(&player, Method::PUT, &path).body(file.clone()).send().await.unwrap();

    assert_eq!(slug(short).await, "malformed-request");
    assert_eq!(slug(long).await, "payload-too-large");
    assert_eq!(done.status(), StatusCode::ACCEPTED);
    assert_eq!(slug(again).await, "conflict");
    let row = videos::find(contest.records().reader(), video).await.unwrap().unwrap();
    let stored = contest.artifacts.open(&row.upload_key).await.unwrap();
    assert!(stored.read(0..stored.size_bytes()).await.unwrap() == file);
    contest.ends(&player, video, "READY").await;
}

#[tokio::test]
async fn a_body_without_a_length_may_have_that_of_the_file_and_no_other() {
    let (contest, player) = contest().await;
    let file = file("");
    let video = contest.begun(&player, &file).await;
    let path = format!("/api/videos/{video}/content");
    let of = |pieces: Vec<Bytes>| Body::wrap_stream(stream::iter(pieces.into_iter().map(Ok::<_, std::io::Error>)));

    let endless = contest.ask(&player, Method::PUT, &path).body(of(vec![file.clone(); 1_000])).send().await;
    let short = contest.ask(&player, Method::PUT, &path).body(of(vec![file.slice(1..)])).send().await.unwrap();
    let done = contest.ask(&player, Method::PUT, &path).body(of(vec![file.slice(..5), file.slice(5..)])).send();

    // The host closes the line of who goes on sending; its answer may be lost with that.
    if let Ok(endless) = endless {
        assert_eq!(slug(endless).await, "payload-too-large");
    }
    assert_eq!(slug(short).await, "malformed-request");
    assert_eq!(done.await.unwrap().status(), StatusCode::ACCEPTED);
}

#[tokio::test]
async fn two_who_send_the_whole_file_at_once_submit_one_run() {
    let (contest, player) = contest().await;
    let file = file("");
    let video = contest.begun(&player, &file).await;
    let path = format!("/api/videos/{video}/content");

    let sent = (0..4).map(|_| contest.ask(&player, Method::PUT, &path).body(file.clone()).send());
    let all = futures::future::join_all(sent).await;

    let taken = all.iter().filter(|answer| answer.as_ref().unwrap().status() == StatusCode::ACCEPTED).count();
    assert!(taken >= 1);
    assert_eq!(videos::runs(contest.records().reader(), video).await.unwrap().len(), 1);
    contest.ends(&player, video, "READY").await;
    let kept = contest.artifacts.list(&format!("uploads/{video}")).await.unwrap();
    assert_eq!(kept.len(), 1, "{kept:?}");
}

#[tokio::test]
async fn the_url_of_a_part_is_for_its_length_and_method_alone() {
    let (contest, player) = contest().await;
    let file = file("");
    let video = contest.begun(&player, &file).await;
    let upload = contest.get(&player, &format!("/api/videos/{video}/upload")).await;
    let url = contest.whole(&upload["parts"][0]["url"]);

    let long = contest.host.client.put(&url).body([&*file, b"x"].concat()).send().await.unwrap();
    let short = contest.host.client.put(&url).body(file.slice(1..)).send().await.unwrap();
    let read = contest.host.client.get(&url).send().await.unwrap();

    assert_eq!(slug(long).await, "payload-too-large");
    assert_eq!(slug(short).await, "malformed-request");
    assert_eq!(slug(read).await, "method-not-allowed");
    let upload = contest.get(&player, &format!("/api/videos/{video}/upload")).await;
    assert_eq!(upload["parts"][0]["is_stored"], false);
}

#[tokio::test]
async fn the_url_of_a_part_cannot_be_made_or_changed() {
    let (contest, player) = contest().await;
    let file = file("");
    let video = contest.begun(&player, &file).await;
    let upload = contest.get(&player, &format!("/api/videos/{video}/upload")).await;
    let url = contest.whole(&upload["parts"][0]["url"]);
    let (start, last) = url.split_at(url.len() - 1);

    for forged in [format!("{start}{}", if last == "A" { "B" } else { "A" }), url.replace("uploads/", "uploads/A")] {
        let refused = contest.host.client.put(&forged).body(file.clone()).send().await.unwrap();
        assert_eq!(slug(refused).await, "forbidden");
    }
}

#[tokio::test]
async fn uploads_that_are_left_are_removed_and_others_are_not() {
    let (contest, player) = contest().await;
    let file = file("");
    let left = contest.begun(&player, &file).await;
    contest.send_parts(&player, left, &file).await;
    let done = contest.shown(&player, "Done").await;

    let none = contest.host.api.remove_stale_uploads(Duration::from_hours(1)).await.unwrap();
    // What was begun in this millisecond is not older than it.
    tokio::time::sleep(Duration::from_millis(2)).await;
    let removed = contest.host.api.remove_stale_uploads(Duration::ZERO).await.unwrap();

    assert_eq!((none, removed), (0, 1));
    assert_eq!(slug(complete(&contest, &player, left).await).await, "not-found");
    assert_eq!(contest.get(&player, &format!("/api/videos/{done}")).await["state"], "READY");
    assert!(contest.artifacts.list(&format!("uploads/{left}")).await.unwrap().is_empty());
}
