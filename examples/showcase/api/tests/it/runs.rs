//! Runs as their players follow them, stop them and try them again.

use std::time::Duration;

use futures::{Stream, StreamExt, stream};
use reqwest::{
    Method, StatusCode,
    header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH},
};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    clips::{Contest, Orders, PATIENCE, Player, read},
    fixture::{Host, slug},
};

/// An event as it was sent.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Told {
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) data: Value,
}

/// The events of a video's run, from a host.
pub(crate) async fn listen(
    host: &Host,
    player: &Player,
    video: Uuid,
    seen: Option<&str>,
) -> impl Stream<Item = Told> + use<> {
    let path = format!("/api/videos/{video}/run/events");
    let mut asked = host.request(Method::GET, &path).bearer_auth(&player.token);
    if let Some(seen) = seen {
        asked = asked.header("last-event-id", seen);
    }
    let answer = asked.send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    let bytes = Box::pin(answer.bytes_stream());
    Box::pin(stream::unfold((bytes, String::new()), |(mut bytes, mut text)| async move {
        loop {
            if let Some((event, rest)) = text.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                if let Some(told) = parsed(&event) {
                    return Some((told, (bytes, rest)));
                }
                text = rest;
                continue;
            }
            let piece = tokio::time::timeout(PATIENCE, bytes.next()).await.unwrap()?;
            text.push_str(std::str::from_utf8(&piece.unwrap()).unwrap());
        }
    }))
}

fn parsed(event: &str) -> Option<Told> {
    let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    let (name, id, data) = (field("event:")?, field("id:")?, field("data:")?);
    Some(Told { name: name.to_owned(), id: id.to_owned(), data: serde_json::from_str(data).unwrap() })
}

async fn contest() -> (Contest, Player) {
    let contest = Contest::start().await;
    let player = contest.player("Ada").await;
    (contest, player)
}

/// The run of a video whose step `edit` is under way.
async fn editing(contest: &Contest, player: &Player, video: Uuid) -> Value {
    let path = format!("/api/videos/{video}/run");
    let until = async {
        loop {
            let run = contest.get(player, &path).await;
            if stage(&run, "edit")["percent"] == 50 {
                return run;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, until).await.unwrap()
}

fn stage<'a>(run: &'a Value, name: &str) -> &'a Value {
    run["stages"].as_array().unwrap().iter().find(|stage| stage["name"] == name).unwrap()
}

#[tokio::test]
async fn a_run_tells_stage_by_stage_how_far_it_is() {
    let (contest, player) = contest().await;
    contest.orders.send_replace(Orders::Wait);
    let video = contest.queued(&player, "A clip").await;

    let run = editing(&contest, &player, video).await;
    contest.orders.send_replace(Orders::Go);
    let ready = contest.ends(&player, video, "READY").await;

    let edit = stage(&run, "edit");
    assert_eq!((&edit["title"], &edit["state"]), (&"Scaling to 720p".into(), &"RUNNING".into()));
    assert_eq!((&edit["message"], &edit["attempt"]), (&"12.4 s of video".into(), &1.into()));
    assert_eq!(stage(&run, "probe")["state"], "READY");
    assert_eq!(stage(&run, "publish")["state"], "WAITING");
    let percent = run["percent"].as_u64().unwrap();
    assert!((1..99).contains(&percent) && run["ended_at"].is_null() && run["reason"].is_null(), "{run}");
    assert_eq!(ready["percent"], 100);
    assert!(ready["stages"].as_array().unwrap().iter().all(|stage| stage["state"] == "READY"), "{ready}");
    assert!(ready["ended_at"].is_string());
}

#[tokio::test]
async fn a_run_that_has_not_changed_is_not_sent_again() {
    let (contest, player) = contest().await;
    let video = contest.shown(&player, "A clip").await;
    let path = format!("/api/videos/{video}/run");

    let first = contest.ask(&player, Method::GET, &path).send().await.unwrap();
    let tag = first.headers()[ETAG].to_str().unwrap().to_owned();
    let again = contest.ask(&player, Method::GET, &path).header(IF_NONE_MATCH, tag).send().await.unwrap();

    assert_eq!(first.headers()[CACHE_CONTROL], "private, no-cache");
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    assert!(again.bytes().await.unwrap().is_empty());
}

#[tokio::test]
async fn events_tell_of_a_run_to_its_end() {
    let (contest, player) = contest().await;
    contest.orders.send_replace(Orders::Wait);
    let video = contest.queued(&player, "A clip").await;
    let mut events = listen(&contest.host, &player, video, None).await;

    let first = events.next().await.unwrap();
    contest.orders.send_replace(Orders::Go);
    let rest: Vec<Told> = events.collect().await;

    assert_eq!(first.name, "status");
    let (end, before) = rest.split_last().unwrap();
    assert_eq!((end.name.as_str(), &end.data["status"]), ("end", &"READY".into()));
    assert!(before.iter().all(|told| told.name == "status"), "{before:?}");
    assert!(before.windows(2).all(|pair| pair[0].id != pair[1].id), "{before:?}");
    assert_eq!(before.last().unwrap().data, end.data);
}

#[tokio::test]
async fn events_that_were_seen_are_not_told_again() {
    let (contest, player) = contest().await;
    contest.orders.send_replace(Orders::Wait);
    let video = contest.queued(&player, "A clip").await;
    editing(&contest, &player, video).await;
    let first = listen(&contest.host, &player, video, None).await.next().await.unwrap();

    let mut resumed = listen(&contest.host, &player, video, Some(&first.id)).await;
    contest.orders.send_replace(Orders::Go);
    let next = resumed.next().await.unwrap();
    let last = resumed.collect::<Vec<_>>().await.pop().unwrap_or_else(|| next.clone());
    let over: Vec<Told> = listen(&contest.host, &player, video, Some(&last.id)).await.collect().await;

    assert_ne!(next.id, first.id);
    assert_eq!(over.iter().map(|told| told.name.as_str()).collect::<Vec<_>>(), ["end"]);
}

#[tokio::test]
async fn any_host_tells_of_any_run() {
    let (contest, player) = contest().await;
    contest.orders.send_replace(Orders::Wait);
    let video = contest.queued(&player, "A clip").await;
    let first = listen(&contest.host, &player, video, None).await.next().await.unwrap();
    let other = contest.another_host().await;

    let events = listen(&other, &player, video, Some(&first.id)).await;
    contest.orders.send_replace(Orders::Go);
    let told: Vec<Told> = events.collect().await;

    assert!(told.iter().all(|told| told.name == "end" || told.id != first.id), "{told:?}");
    assert_eq!(told.last().unwrap().name, "end");
}

#[tokio::test]
async fn a_host_that_is_told_to_stop_lets_its_listeners_go_to_another() {
    let (contest, player) = contest().await;
    contest.orders.send_replace(Orders::Wait);
    let video = contest.queued(&player, "A clip").await;
    let other = contest.another_host().await;
    let mut events = listen(&other, &player, video, None).await;
    let first = events.next().await.unwrap();

    drop(other);
    let rest = tokio::time::timeout(Duration::from_secs(5), events.collect::<Vec<_>>()).await;
    let again = listen(&contest.host, &player, video, Some(&first.id)).await;
    contest.orders.send_replace(Orders::Go);

    let rest = rest.expect("the stream ends with its host");
    assert!(rest.iter().all(|told| told.name == "status"), "{rest:?}");
    assert_eq!(again.collect::<Vec<_>>().await.last().unwrap().data["status"], "READY");
}

#[tokio::test]
async fn a_run_is_cancelled_and_tried_again() {
    let (contest, player) = contest().await;
    contest.orders.send_replace(Orders::Wait);
    let video = contest.queued(&player, "A clip").await;
    editing(&contest, &player, video).await;

    let cancelled = contest.post(&player, &format!("/api/videos/{video}/run/cancel")).await;
    contest.orders.send_replace(Orders::Go);
    let first = contest.ends(&player, video, "CANCELLED").await;
    let card = contest.get(&player, &format!("/api/videos/{video}")).await;
    let retried = contest.post(&player, &format!("/api/videos/{video}/run/retry")).await;
    let second = contest.ends(&player, video, "READY").await;

    assert_eq!((cancelled.status(), retried.status()), (StatusCode::ACCEPTED, StatusCode::ACCEPTED));
    assert_eq!(card["state"], "CANCELLED");
    assert_ne!(first["run"], second["run"]);
    let history = contest.get(&player, &format!("/api/videos/{video}/history")).await;
    let runs: Vec<_> = history["runs"].as_array().unwrap().iter().map(|run| (&run["n"], &run["status"])).collect();
    assert_eq!(runs, [(&2.into(), &"READY".into()), (&1.into(), &"CANCELLED".into())]);
}

#[tokio::test]
async fn two_who_retry_at_once_submit_one_run() {
    let (contest, player) = contest().await;
    contest.orders.send_replace(Orders::Fail(vec!["no".to_owned()]));
    let video = contest.queued(&player, "A clip").await;
    contest.ends(&player, video, "FAILED").await;
    contest.orders.send_replace(Orders::Go);
    let path = format!("/api/videos/{video}/run/retry");

    let answers = futures::future::join_all((0..4).map(|_| contest.post(&player, &path))).await;

    assert!(answers.iter().any(|answer| answer.status() == StatusCode::ACCEPTED), "{answers:?}");
    assert!(answers.iter().all(|answer| matches!(answer.status().as_u16(), 202 | 409)), "{answers:?}");
    contest.ends(&player, video, "READY").await;
    let history = contest.get(&player, &format!("/api/videos/{video}/history")).await;
    assert_eq!(history["runs"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_run_that_is_done_is_not_tried_again() {
    let (contest, player) = contest().await;
    let video = contest.shown(&player, "A clip").await;

    let refused = contest.post(&player, &format!("/api/videos/{video}/run/retry")).await;
    let cancelled = contest.post(&player, &format!("/api/videos/{video}/run/cancel")).await;

    assert_eq!(slug(refused).await, "conflict");
    assert_eq!(read(cancelled).await["status"], "READY");
}

#[tokio::test]
async fn a_run_that_fails_says_why_in_a_sentence() {
    let (contest, player) = contest().await;
    let text = "the video lasts 2:00:00 h: send one of at most 10:00 min";
    contest.orders.send_replace(Orders::Fail(vec![text.to_owned()]));
    let video = contest.queued(&player, "A clip").await;

    let run = contest.ends(&player, video, "FAILED").await;
    let history = contest.get(&player, &format!("/api/videos/{video}/history")).await;

    let said = "The video lasts 2:00:00 h: send one of at most 10:00 min.";
    assert_eq!(run["reason"], said);
    assert_eq!(stage(&run, "probe")["state"], "FAILED");
    assert_eq!(history["runs"][0]["reason"], said);
    assert_eq!(stage(&history["runs"][0], "probe")["reason"], said);
    assert_eq!(contest.get(&player, &format!("/api/videos/{video}")).await["state"], "FAILED");
}

#[tokio::test]
async fn a_run_that_fails_says_nothing_of_the_host() {
    let (contest, player) = contest().await;
    let texts = ["ffmpeg failed: /srv/contest/scratch/1/in.mp4", "postgres://contest:hunter2@db/contest", "<b>x</b>"];
    contest.orders.send_replace(Orders::Fail(texts.map(str::to_owned).to_vec()));
    let video = contest.queued(&player, "A clip").await;

    contest.ends(&player, video, "FAILED").await;

    for way in ["", "/run", "/history"] {
        let answer = contest.get(&player, &format!("/api/videos/{video}{way}")).await.to_string();
        for leak in ["/srv", "scratch", "hunter2", "postgres", "ffmpeg", "<b>"] {
            assert!(!answer.contains(leak), "{way} tells {leak}: {answer}");
        }
    }
    let run = contest.get(&player, &format!("/api/videos/{video}/run")).await;
    assert_eq!(run["reason"], "The video could not be processed.");
}
