//! Two hundred uploads at once, until the run of each is queued: by signed URLs, and through the host.

use std::{
    error::Error,
    time::{Duration, Instant},
};

use futures::future::try_join_all;
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use stagemark_contest_contract::{CITIES, NewVideo, Session, SignUp, Upload, Video, VideoState};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::{
    host::Host,
    servers::Servers,
    times::{Ms, Times},
};

const UPLOADS: usize = 200;
const PLAYERS: usize = 20;
static CLIP: &[u8] = include_bytes!("../../../../steps/assets/bbb_720p_5s.mp4");
const CONTENT_TYPE: &str = "video/mp4";
const QUEUED: &str = "SELECT count(*) FROM contest_video v JOIN stagemark_run r ON r.id = v.run WHERE v.state = 1";

/// How a file comes in.
#[derive(Clone, Copy)]
enum Way {
    /// Part by part into the store, by signed URLs.
    Signed,
    /// In one request, through the host.
    Whole,
}

/// What an upload took: announced, sent, queued; nothing for the last where the same request does both.
type Took = [Duration; 3];

/// Prints the table.
pub(crate) async fn measure(servers: &Servers, host: &Host) -> Result<(), Box<dyn Error>> {
    let client = Client::new();
    let tokens = try_join_all((0..PLAYERS).map(|number| sign_up(&client, host, number))).await?;
    println!("## {UPLOADS} uploads of {} bytes at once, until each is queued (202)\n", CLIP.len());
    println!(
        "| | queued | errors | all, s | MB/s | announced: p50, p99, ms | sent | queued | memory of the host, MiB: before, most | its CPU, s |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    for (name, way) in [("signed URLs, into the store", Way::Signed), ("through the host", Way::Whole)] {
        let (process, before) = (host.process()?, servers.number(QUEUED)?);
        process.forget_most()?;
        let (memory, cpu, began) = (process.most_bytes()?, process.cpu()?, Instant::now());
        let (took, errors) = all(host, &client, &tokens, way).await;
        let (all, most, cpu) =
            (began.elapsed().as_secs_f64(), process.most_bytes()?, process.cpu()?.saturating_sub(cpu));
        let queued = servers.number(QUEUED)? - before;
        println!(
            "| {name} | {queued} | {} | {all:.2} | {:.0} | {} | {} | {} | {}, {} | {:.2} |",
            errors.len(),
            queued as f64 * CLIP.len() as f64 / 1e6 / all,
            cells(&took, 0),
            cells(&took, 1),
            cells(&took, 2),
            memory >> 20,
            most >> 20,
            cpu.as_secs_f64(),
        );
        if let Some(error) = errors.first() {
            return Err(format!("an upload failed: {error}").into());
        }
        if queued != UPLOADS as u64 {
            return Err(format!("of {UPLOADS} uploads {queued} are queued").into());
        }
    }
    println!("\nNo worker runs meanwhile: the runs stay queued.\n");
    Ok(())
}

fn cells(took: &[Took], request: usize) -> String {
    let times: Times = took.iter().map(|took| took[request]).collect();
    if times.most().is_zero() {
        return "with it".to_owned();
    }
    format!("{}, {}", Ms(times.percentile(50)), Ms(times.percentile(99)))
}

/// Gives the access token of a new player.
async fn sign_up(client: &Client, host: &Host, number: usize) -> Result<String, Box<dyn Error>> {
    let name = format!("uploader-{number}");
    let (city, password) = (CITIES[number % CITIES.len()].to_owned(), Uuid::new_v4().to_string());
    let answer = client.post(host.url("/api/players")).json(&SignUp { name, password, city }).send().await?;
    Ok(answer.error_for_status()?.json::<Session>().await?.access_token)
}

/// All at once; gives what each took that succeeded, and what went wrong.
async fn all(host: &Host, client: &Client, tokens: &[String], way: Way) -> (Vec<Took>, Vec<String>) {
    let mut uploads = JoinSet::new();
    for number in 0..UPLOADS {
        let (client, token) = (client.clone(), tokens[number % tokens.len()].clone());
        let player = Player { client, token, host: host.url("") };
        uploads.spawn(async move {
            match way {
                Way::Signed => player.send_signed().await,
                Way::Whole => player.send_whole().await,
            }
        });
    }
    let (mut took, mut errors) = (Vec::new(), Vec::new());
    for upload in uploads.join_all().await {
        match upload {
            Ok(times) => took.push(times),
            Err(error) => errors.push(error.to_string()),
        }
    }
    (took, errors)
}

/// Somebody who sends a video.
struct Player {
    client: Client,
    token: String,
    host: String,
}

type Failed = Box<dyn Error + Send + Sync>;

impl Player {
    async fn send_signed(&self) -> Result<Took, Failed> {
        let began = Instant::now();
        let video = self.announce().await?;
        let (path, announced) = (format!("/api/videos/{}/upload", video.card.id), Instant::now());
        let plan: Upload = good(self.client.get(self.url(&path)), &self.token, StatusCode::OK).await?.json().await?;
        let mut rest = CLIP;
        for part in &plan.parts {
            let (bytes, after) =
                rest.split_at_checked(usize::try_from(part.size_bytes)?).ok_or("a part is too large")?;
            rest = after;
            let put = self.client.put(&part.url).body(bytes);
            let put = part.headers.iter().fold(put, |put, (name, value)| put.header(name, value));
            put.send().await?.error_for_status()?.bytes().await?;
        }
        let sent = Instant::now();
        self.queued(self.client.post(self.url(&format!("{path}/complete")))).await?;
        Ok([announced - began, sent - announced, sent.elapsed()])
    }

    async fn send_whole(&self) -> Result<Took, Failed> {
        let began = Instant::now();
        let video = self.announce().await?;
        let announced = Instant::now();
        self.queued(self.client.put(self.url(&format!("/api/videos/{}/content", video.card.id))).body(CLIP)).await?;
        Ok([announced - began, announced.elapsed(), Duration::ZERO])
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.host)
    }

    async fn announce(&self) -> Result<Video, Failed> {
        let (title, file_name, content_type) =
            ("Backflip".to_owned(), "backflip.mp4".to_owned(), CONTENT_TYPE.to_owned());
        let video = NewVideo { title, file_name, size_bytes: CLIP.len() as u64, content_type };
        let post = self.client.post(self.url("/api/videos")).header("idempotency-key", Uuid::new_v4().to_string());
        Ok(good(post.json(&video), &self.token, StatusCode::CREATED).await?.json().await?)
    }

    /// Asks for what ends an upload: the run is queued.
    async fn queued(&self, request: RequestBuilder) -> Result<(), Failed> {
        let video: Video = good(request, &self.token, StatusCode::ACCEPTED).await?.json().await?;
        if video.card.state == VideoState::Queued {
            Ok(())
        } else {
            Err(format!("it is {:?}", video.card.state).into())
        }
    }
}

/// Asks, and takes nothing but this status for an answer.
async fn good(request: RequestBuilder, token: &str, status: StatusCode) -> Result<Response, Failed> {
    let answer = request.bearer_auth(token).send().await?;
    if answer.status() == status {
        return Ok(answer);
    }
    let (status, path) = (answer.status(), answer.url().path().to_owned());
    Err(format!("{path}: {status} {}", answer.text().await?).into())
}
