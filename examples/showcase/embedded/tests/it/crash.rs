//! The process is killed while a video is made.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use reqwest::blocking::{Client, RequestBuilder};
use serde_json::{Value, json};

use crate::host::{Host, alone};

const PATIENCE: Duration = Duration::from_mins(3);

/// A player at a host.
struct Player<'a> {
    client: &'a Client,
    url: &'a str,
    token: String,
}

fn answer(request: RequestBuilder) -> Value {
    let response = request.send().unwrap();
    let (status, body) = (response.status(), response.text().unwrap());
    assert!(status.is_success(), "{status}: {body}");
    serde_json::from_str(&body).unwrap_or_else(|error| panic!("{status}, and no JSON ({error}): {body}"))
}

impl<'a> Player<'a> {
    fn enter(client: &'a Client, url: &'a str, path: &str) -> Self {
        let who = if path == "players" {
            json!({ "name": "ada", "password": "a long password", "city": "Berlin" })
        } else {
            json!({ "name": "ada", "password": "a long password" })
        };
        let session = answer(client.post(format!("{url}/api/{path}")).json(&who));
        Self { client, url, token: session["access_token"].as_str().unwrap().to_owned() }
    }

    fn get(&self, path: &str) -> Value {
        answer(self.client.get(format!("{}{path}", self.url)).bearer_auth(&self.token))
    }

    /// Sends a clip; gives the path of its video.
    fn upload(&self) -> String {
        let clip = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../steps/assets/bbb_720p_5s.mp4");
        let clip = std::fs::read(clip).unwrap();
        let about =
            json!({ "title": "Rabbit", "file_name": "r.mp4", "size_bytes": clip.len(), "content_type": "video/mp4" });
        let begun = self.client.post(format!("{}/api/videos", self.url)).header("Idempotency-Key", "rabbit");
        let video = answer(begun.bearer_auth(&self.token).json(&about));
        let path = format!("/api/videos/{}", video["id"].as_str().unwrap());
        let content = self.client.put(format!("{}{path}/content", self.url)).header("Content-Type", "video/mp4");
        answer(content.bearer_auth(&self.token).body(clip));
        path
    }

    /// Looks at the run until it is as it should be.
    fn wait(&self, video: &str, enough: impl Fn(&Value) -> bool) -> Value {
        let began = Instant::now();
        loop {
            let run = self.get(&format!("{video}/run"));
            if enough(&run) {
                return run;
            }
            assert!(began.elapsed() < PATIENCE && run["status"] != "FAILED", "{run:#}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

#[test]
fn a_video_is_ready_although_the_process_was_killed_while_it_was_made() {
    let _turn = alone();
    let folder = tempfile::tempdir().unwrap();
    let client = Client::new();
    let mut host = Host::start(folder.path());
    let video = {
        let ada = Player::enter(&client, &host.url, "players");
        let video = ada.upload();
        ada.wait(&video, |run| {
            let stages = run["stages"].as_array().unwrap();
            stages.iter().any(|stage| stage["state"] == "RUNNING" && stage["percent"].as_u64() > Some(0))
        });
        video
    };

    host.crash().unwrap();

    let ada = Player::enter(&client, &host.url, "session");
    let run = ada.wait(&video, |run| run["status"] == "READY");
    assert!(run["stages"].as_array().unwrap().iter().any(|stage| stage["attempt"].as_u64() > Some(1)), "{run:#}");
    let seen = ada.get(&video);
    assert_eq!((&seen["state"], &seen["width_px"]), (&json!("READY"), &json!(1280)));
}
