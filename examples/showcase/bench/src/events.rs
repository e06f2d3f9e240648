//! The intake of events, in a closed loop and in an open one; what was accepted is in the tallies afterwards.

use std::{
    error::Error,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use reqwest::Client;
use stagemark_contest_contract::Moment;
use uuid::Uuid;

use crate::{
    board,
    host::Host,
    oha::{self, Asked},
    reads::cells,
    servers::Servers,
    tally,
    times::Ms,
    wrk::{self, Load},
};

const CONNECTIONS: [u32; 3] = [1, 16, 64];
const EVENTS: usize = 20;
/// The rates of the open loop, in parts of the best of the closed one.
const LEVELS: [f64; 4] = [0.5, 0.75, 1.0, 1.25];
/// How many batches there are to choose from, for each that is sent: so few are sent twice.
const CHOICE: u64 = 8;
const COUNT: &str = "SELECT count(*) FROM contest_event";

/// Prints the tables.
pub(crate) async fn measure(servers: &Servers, host: &Host, time: Duration) -> Result<(), Box<dyn Error>> {
    board::warm(&Client::new(), host).await?;
    let (url, videos) = (host.url("/api/events"), Videos::listed(servers)?);
    println!("## The intake of events, {EVENTS} a request: a closed loop (wrk)\n");
    println!(
        "| connections | events/s | requests/s | p50, ms | p99, ms | longest, ms | CPU of the host, µs an event | errors | accepted, and in the database |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    let mut best = 0.0_f64;
    for connections in CONNECTIONS {
        let (before, cpu) = (servers.number(COUNT)?, host.process()?.cpu()?);
        let closed = wrk::send(servers.folder(), &url, Load { connections, time }, &videos.file).await?;
        let cpu = host.process()?.cpu()?.saturating_sub(cpu);
        // What was still under way when wrk ended is in the database, and was answered to nobody.
        let (written, per_s) = (servers.number(COUNT)? - before, closed.per_s());
        println!(
            "| {connections} | {:.0} | {per_s:.0} | {} | {} | {} | {:.0} | {} | {}, {written} |",
            per_s * EVENTS as f64,
            Ms(closed.p50()),
            Ms(closed.p99()),
            Ms(closed.most()),
            cpu.as_secs_f64() * 1e6 / written as f64,
            closed.errors(),
            closed.accepted,
        );
        let under_way = u64::from(connections) * EVENTS as u64;
        if !(closed.accepted..=closed.accepted + under_way).contains(&written) {
            return Err("the database does not have what was accepted".into());
        }
        best = best.max(per_s);
    }
    println!();
    open_loop(servers, &url, &videos, (best, time)).await?;
    tally::check(servers, host).await
}

async fn open_loop(
    servers: &Servers,
    url: &str,
    videos: &Videos,
    (best, time): (f64, Duration),
) -> Result<(), Box<dyn Error>> {
    println!("## The same: an open loop (oha), latency from the time of sending that was meant\n");
    println!(
        "| events/s asked | requests/s asked | answered/s | p50, ms | p99, ms | longest, ms | errors | written, of those sent |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for level in LEVELS {
        let (per_s, bodies) = (tens(best * level), servers.folder().join("bodies"));
        let asked = Asked { url, bodies: Some(&bodies), per_s, time };
        videos.write_batches(&bodies, CHOICE * asked.requests())?;
        let before = servers.number(COUNT)?;
        let open = oha::run(asked).await?;
        let (written, sent) = (servers.number(COUNT)? - before, asked.requests() * EVENTS as u64);
        println!("| {} | {per_s} | {} | {written} of {sent} |", per_s * EVENTS as u64, cells(&open));
    }
    println!("\nOf each {CHOICE} batches one is sent, by chance: some twice, of which the second is known.\n");
    Ok(())
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "rates are above zero, and far from too great"
)]
fn tens(rate: f64) -> u64 {
    ((rate / 10.0).round() as u64).max(1) * 10
}

/// The videos that events are of.
struct Videos {
    /// A line each.
    file: PathBuf,
    ids: Vec<String>,
}

impl Videos {
    fn listed(servers: &Servers) -> Result<Self, Box<dyn Error>> {
        let file = servers.folder().join("videos");
        let listed = servers.postgres.sql("SELECT id FROM contest_video WHERE state = 2")?;
        fs::write(&file, &listed)?;
        Ok(Self { file, ids: listed.lines().map(str::to_owned).collect() })
    }

    /// Batches of ten videos that were opened and watched, a line each.
    fn write_batches(&self, file: &Path, batches: u64) -> Result<(), Box<dyn Error>> {
        let at = serde_json::to_string(&Moment::now())?;
        let mut text = String::new();
        for _ in 0..batches {
            text.push_str("{\"events\":[");
            for pair in 0..EVENTS / 2 {
                let (video, between) =
                    (&self.ids[rand::random_range(0..self.ids.len())], if pair > 0 { "," } else { "" });
                let (opened, watched, watch_ms) = (Uuid::new_v4(), Uuid::new_v4(), rand::random_range(1_000..30_000));
                write!(
                    text,
                    "{between}{{\"id\":\"{opened}\",\"video\":\"{video}\",\"kind\":\"view\",\"at\":{at}}},{{\"id\":\"{watched}\",\
                     \"video\":\"{video}\",\"kind\":\"watch\",\"watch_ms\":{watch_ms},\"at\":{at}}}",
                )?;
            }
            text.push_str("]}\n");
        }
        Ok(fs::write(file, text)?)
    }
}

#[cfg(test)]
mod tests {
    use stagemark_contest_contract::Events;

    use super::*;

    #[test]
    fn batches_are_what_the_api_takes() {
        let folder = tempfile::tempdir().unwrap();
        let videos = Videos { file: folder.path().join("videos"), ids: vec![Uuid::new_v4().to_string()] };
        let file = folder.path().join("bodies");

        videos.write_batches(&file, 3).unwrap();

        let text = fs::read_to_string(&file).unwrap();
        let batches: Vec<Events> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert!(batches.len() == 3 && batches.iter().all(|batch| batch.events.len() == EVENTS));
    }
}
