//! Redis stops in the middle of a closed loop of readers, and comes back: slower, and right.

use std::{
    error::Error,
    sync::Arc,
    time::{Duration, Instant},
};

use reqwest::Client;
use stagemark_contest_contract::{Computed, Ranking};
use stagemark_services::{Redis, ServiceError};
use tokio::{
    task::{JoinSet, spawn_blocking},
    time::{MissedTickBehavior, interval, sleep},
};

use crate::{
    board,
    host::Host,
    servers::Servers,
    times::{Ms, Times},
    wrk::{self, Load},
};

const CONNECTIONS: u32 = 32;
const ANSWERS: &str = "contest_http_requests_total";
const OF_BOARDS: &str = "path=\"/api/rankings\"";
const OF_FAULTS: &str = "status=\"5";
/// How often one more reader looks, and compares the board with what it was.
const LOOK: Duration = Duration::from_millis(20);

/// A part of the time that it took.
struct Phase {
    name: &'static str,
    from: Instant,
    to: Instant,
    /// What all readers were answered.
    answers: u64,
    faults: u64,
}

/// What the reader saw who compares.
struct Look {
    at: Instant,
    took: Duration,
    /// Where the board was read, and whether it was the one that it was before; nothing, without a good answer.
    seen: Option<(Computed, bool)>,
}

/// Prints the table.
pub(crate) async fn measure(servers: &Servers, host: &Host, time: Duration) -> Result<(), Box<dyn Error>> {
    let client = Client::new();
    let shown = board::warm(&client, host).await?;
    let (url, load) = (host.url(board::PATH), Load { connections: CONNECTIONS, time: 6 * time });
    // It is over before the loop is, so that the loop never lacks in it.
    let story = async {
        let phases = phases(servers, host, time).await;
        phases.map_err(|error| error.to_string())
    };
    let (closed, (looks, phases)) =
        tokio::join!(wrk::read(servers.folder(), &url, load), looking(&client, host, &shown, story),);
    let (closed, phases) = (closed?, phases?);
    println!("## Redis stops in the middle of a closed loop of {CONNECTIONS} readers (wrk), and comes back\n");
    println!(
        "| | requests/s | p50, ms | p99, ms | longest, ms | answers of 5xx | boards that were wrong, or not told |"
    );
    println!("|---|---|---|---|---|---|---|");
    for phase in &phases {
        println!("{}", phase.row(&looks));
    }
    let back = &phases[2];
    let cached = looks.iter().find(|look| look.at >= back.from && matches!(look.seen, Some((Computed::Cache, _))));
    let cached = cached.map_or_else(|| "never".to_owned(), |look| format!("{} ms", Ms(look.at - back.from)));
    println!("\nOf {} answers {} were errors.", closed.requests, closed.errors());
    println!("From the order to start Redis again until boards came from it: {cached}.\n");
    let wrong = looks.iter().filter(|look| look.seen.is_none_or(|(_, is_same)| !is_same)).count();
    if wrong + usize::from(closed.errors() > 0) > 0 { Err("Redis was missed".into()) } else { Ok(()) }
}

/// What happens, and when.
async fn phases(servers: &Servers, host: &Host, time: Duration) -> Result<[Phase; 3], Box<dyn Error>> {
    sleep(time / 2).await;
    let before = phase("with Redis", host, time).await?;
    apart(&servers.redis, Redis::stop).await?;
    let away = phase("without", host, 3 * time / 2).await?;
    let from = Instant::now();
    apart(&servers.redis, Redis::start_again).await?;
    let back = phase("with Redis again", host, 3 * time / 2).await?;
    Ok([before, away, Phase { from, ..back }])
}

/// Orders something that takes its time while the others go on.
async fn apart(redis: &Arc<Redis>, order: fn(&Redis) -> Result<(), ServiceError>) -> Result<(), Box<dyn Error>> {
    let redis = Arc::clone(redis);
    Ok(spawn_blocking(move || order(&redis)).await??)
}

async fn phase(name: &'static str, host: &Host, time: Duration) -> Result<Phase, Box<dyn Error>> {
    let counts = async || -> Result<(u64, u64), Box<dyn Error>> {
        Ok((host.count(ANSWERS, &[OF_BOARDS]).await?, host.count(ANSWERS, &[OF_FAULTS]).await?))
    };
    let (from, (answers, faults)) = (Instant::now(), counts().await?);
    sleep(time).await;
    let (now, to) = (counts().await?, Instant::now());
    Ok(Phase { name, from, to, answers: now.0 - answers, faults: now.1 - faults })
}

/// Looks again and again, whatever becomes of the looks before, until the story is over.
async fn looking<T>(client: &Client, host: &Host, shown: &Ranking, story: impl Future<Output = T>) -> (Vec<Look>, T) {
    let (mut looks, mut tick) = (JoinSet::new(), interval(LOOK));
    tick.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut story = std::pin::pin!(story);
    let told = loop {
        tokio::select! {
            told = &mut story => break told,
            at = tick.tick() => {
                let (client, url, shown, at) = (client.clone(), host.url(board::PATH), shown.clone(), at.into_std());
                looks.spawn(async move {
                    let answer = client.get(url).send().await.and_then(reqwest::Response::error_for_status);
                    let told = match answer {
                        Ok(answer) => answer.json::<Ranking>().await.ok(),
                        Err(_) => None,
                    };
                    let seen = told.map(|told| (told.computed, board::is_same(&told, &shown)));
                    Look { at, took: at.elapsed(), seen }
                });
            }
        }
    };
    let mut looks = looks.join_all().await;
    looks.sort_unstable_by_key(|look| look.at);
    (looks, told)
}

impl Phase {
    fn row(&self, looks: &[Look]) -> String {
        let here: Vec<_> = looks.iter().filter(|look| (self.from..self.to).contains(&look.at)).collect();
        let times: Times = here.iter().map(|look| look.took).collect();
        let wrong = here.iter().filter(|look| look.seen.is_none_or(|(_, is_same)| !is_same)).count();
        let per_s = self.answers as f64 / (self.to - self.from).as_secs_f64();
        let (p50, p99, most) = (Ms(times.percentile(50)), Ms(times.percentile(99)), Ms(times.most()));
        format!("| {} | {per_s:.0} | {p50} | {p99} | {most} | {} | {wrong} of {} |", self.name, self.faults, here.len())
    }
}
