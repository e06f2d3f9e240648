//! What differs on `PostgreSQL` and a bucket: parts and videos go past the host, and hosts race.

use reqwest::{Method, StatusCode, header::LOCATION, redirect::Policy};
use stagemark_contest_records::videos;

use crate::{
    clips::{Contest, announcement, id_of, large_file, read},
    fixture::slug,
    runs::listen,
};

const MIB: usize = 1 << 20;

#[tokio::test]
async fn parts_go_into_the_bucket_and_the_video_comes_from_it() {
    let contest = Contest::cluster().await;
    let ada = contest.player("Ada").await;
    let file = large_file(9 * MIB);
    let video = contest.begun(&ada, &file).await;
    let upload = contest.get(&ada, &format!("/api/videos/{video}/upload")).await;

    contest.send_parts(&ada, video, &file).await;
    let done = contest.post(&ada, &format!("/api/videos/{video}/upload/complete")).await;
    contest.ends(&ada, video, "READY").await;
    let client = reqwest::Client::builder().redirect(Policy::none()).build().unwrap();
    let media = client.get(format!("http://{}/api/videos/{video}/media/video", contest.host.address)).send();
    let media = media.await.unwrap();

    assert!(upload["parts"][0]["url"].as_str().unwrap().contains("X-Amz-Signature="));
    assert_eq!((done.status(), media.status()), (StatusCode::ACCEPTED, StatusCode::TEMPORARY_REDIRECT));
    let shown = client.get(media.headers()[LOCATION].to_str().unwrap()).send().await.unwrap();
    assert_eq!(shown.headers()["content-type"], "video/mp4");
    assert!(shown.bytes().await.unwrap() == large_file(1_000));
    let row = videos::find(contest.records().reader(), video).await.unwrap().unwrap();
    let stored = contest.artifacts.open(&row.upload_key).await.unwrap();
    assert!(stored.read(0..stored.size_bytes()).await.unwrap() == file);
}

#[tokio::test]
async fn hosts_that_complete_at_once_submit_one_run() {
    let contest = Contest::cluster().await;
    let (ada, other) = (contest.player("Ada").await, contest.another_host().await);
    let file = large_file(1_000);
    let video = contest.begun(&ada, &file).await;
    contest.send_parts(&ada, video, &file).await;
    let path = format!("/api/videos/{video}/upload/complete");
    let there = || other.request(Method::POST, &path).bearer_auth(&ada.token).send();

    let all = tokio::join!(contest.post(&ada, &path), there(), contest.post(&ada, &path), there());

    let statuses = [all.0.status(), all.1.unwrap().status(), all.2.status(), all.3.unwrap().status()];
    assert_eq!(statuses, [StatusCode::ACCEPTED; 4]);
    assert_eq!(videos::runs(contest.records().reader(), video).await.unwrap().len(), 1);
    let told = futures::StreamExt::collect::<Vec<_>>(listen(&other, &ada, video, None).await).await;
    assert_eq!(told.last().unwrap().data["status"], "READY");
}

#[tokio::test]
async fn hosts_that_are_asked_with_one_key_begin_one_video() {
    let contest = Contest::cluster().await;
    let ada = contest.player("Ada").await;
    let clip = announcement("Backflip", 1_000);

    let answers = futures::future::join_all((0..6).map(|_| contest.announce(&ada, &clip, "one"))).await;

    let mut videos = Vec::new();
    for answer in answers {
        assert!(answer.status().is_success(), "{}", answer.status());
        videos.push(id_of(&read(answer).await));
    }
    videos.dedup();
    assert_eq!(videos.len(), 1);
}

#[tokio::test]
async fn a_whole_file_comes_in_through_the_host_and_is_found_by_search_and_deleted() {
    let contest = Contest::cluster().await;
    let ada = contest.player("Ada").await;
    let file = large_file(6 * MIB);
    let video = contest.begun(&ada, &file).await;

    let sent = contest.ask(&ada, Method::PUT, &format!("/api/videos/{video}/content")).body(file).send().await.unwrap();
    contest.ends(&ada, video, "READY").await;
    let found = contest.get(&ada, "/api/videos?q=CLIP&player=ada&limit=1").await;
    let liked = contest.ask(&ada, Method::PUT, &format!("/api/videos/{video}/like")).send().await.unwrap();
    let deleted = contest.ask(&ada, Method::DELETE, &format!("/api/videos/{video}")).send().await.unwrap();

    assert_eq!((sent.status(), liked.status()), (StatusCode::ACCEPTED, StatusCode::OK));
    assert_eq!(found["items"][0]["id"], video.to_string());
    assert_eq!(deleted.status(), StatusCode::NO_CONTENT);
    assert_eq!(slug(contest.host.get(&format!("/api/videos/{video}")).await).await, "not-found");
}

#[tokio::test]
async fn what_is_no_video_is_refused_and_leaves_nothing_in_the_bucket() {
    let contest = Contest::cluster().await;
    let ada = contest.player("Ada").await;
    let file = bytes::Bytes::from_static(b"#EXTM3U\nhttp://10.0.0.1/x");
    let video = contest.begun(&ada, &file).await;
    contest.send_parts(&ada, video, &file).await;

    let refused = contest.post(&ada, &format!("/api/videos/{video}/upload/complete")).await;

    assert_eq!(slug(refused).await, "unsupported-media-type");
    assert!(contest.artifacts.list("").await.unwrap().is_empty());
}
