//! Reads of a warm board, beside the bare handler: in a closed loop, in an open loop, and through the front.

use std::{error::Error, time::Duration};

use reqwest::Client;
use stagemark_services::{Front, Pair, Site};

use crate::{
    bare::Bare,
    board::{self, PATH},
    host::Host,
    oha::{self, Asked, Open},
    process::Process,
    servers::Servers,
    times::{Ms, Spread},
    wrk::{self, Closed, Load},
};

const CONNECTIONS: [u32; 3] = [1, 16, 64];
/// How often each is measured, in turns.
const ROUNDS: usize = 3;
/// The rates of the open loop, in parts of what the API answers in a closed one.
const LEVELS: [f64; 5] = [0.25, 0.5, 0.75, 1.0, 1.25];
const WARM_UP: Load = Load { connections: 16, time: Duration::from_secs(1) };

/// Who is asked.
struct Asking<'a> {
    name: &'static str,
    url: &'a str,
    process: Process,
}

/// What one of them did in all rounds.
#[derive(Default)]
struct Rounds {
    closed: Vec<Closed>,
    cpu: Duration,
}

impl Rounds {
    fn rate(&self) -> Spread {
        Spread::of(self.closed.iter().map(Closed::per_s))
    }

    /// The processor time of the process for one request.
    fn cpu_us(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / self.closed.iter().map(|closed| closed.requests).sum::<u64>() as f64
    }

    fn row(&self, of: f64) -> String {
        let rate = self.rate();
        let median = |of: fn(&Closed) -> Duration| {
            Ms(Duration::from_secs_f64(Spread::of(self.closed.iter().map(|closed| of(closed).as_secs_f64())).median))
        };
        let errors: u64 = self.closed.iter().map(Closed::errors).sum();
        format!(
            "{rate} | {:.2} | {} | {} | {:.0} | {errors}",
            rate.median / of,
            median(Closed::p50),
            median(Closed::p99),
            self.cpu_us(),
        )
    }
}

/// Prints the tables.
pub(crate) async fn measure(servers: &Servers, host: &Host, time: Duration) -> Result<(), Box<dyn Error>> {
    let shown = board::warm(&Client::new(), host).await?;
    let bare = Bare::start(servers).await?;
    let players: Vec<_> = shown.items.iter().map(|place| place.player.id.to_string()).collect();
    if players.len() != 20 || players != bare.players().await? {
        return Err("the bare handler and the API do not tell the same twenty players".into());
    }
    let url = host.url(PATH);
    let both = [
        Asking { name: "bare", url: &bare.url, process: bare.process()? },
        Asking { name: "API", url: &url, process: host.process()? },
    ];
    for asking in &both {
        wrk::read(servers.folder(), asking.url, WARM_UP).await?;
    }
    let most = closed_loop(servers, &both, time).await?;
    through_the_front(servers, host, time).await?;
    open_loop(&both, most, time).await
}

/// Gives what the API answers a second with the most connections.
async fn closed_loop(servers: &Servers, both: &[Asking<'_>; 2], time: Duration) -> Result<f64, Box<dyn Error>> {
    println!("## Reads of a warm board of 20 places: a closed loop (wrk)\n");
    println!(
        "| connections | | requests/s: median (least to most) | of the bare handler | p50, ms | p99, ms | CPU of the process, µs a request | errors |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    let mut most = 0.0;
    for connections in CONNECTIONS {
        let mut rounds = [Rounds::default(), Rounds::default()];
        for _ in 0..ROUNDS {
            for (asking, rounds) in both.iter().zip(&mut rounds) {
                let before = asking.process.cpu()?;
                rounds.closed.push(wrk::read(servers.folder(), asking.url, Load { connections, time }).await?);
                rounds.cpu += asking.process.cpu()?.saturating_sub(before);
            }
        }
        let of = rounds[0].rate().median;
        for (asking, rounds) in both.iter().zip(&rounds) {
            println!("| {connections} | {} | {} |", asking.name, rounds.row(of));
        }
        most = rounds[1].rate().median;
    }
    println!();
    Ok(most)
}

/// As browsers come: by TLS, through nginx.
async fn through_the_front(servers: &Servers, host: &Host, time: Duration) -> Result<(), Box<dyn Error>> {
    let pair = Pair::self_signed(&servers.folder().join("tls"), &["localhost"])?;
    let front = Front::serving(&Site::new(servers.folder(), pair).api(host.address))?;
    let closed = wrk::read(servers.folder(), &format!("{}{PATH}", front.url()), Load { connections: 64, time }).await?;
    println!(
        "Through nginx, by HTTPS, with 64 connections: {:.0} requests/s, p50 {} ms, p99 {} ms, {} errors.\n",
        closed.per_s(),
        Ms(closed.p50()),
        Ms(closed.p99()),
        closed.errors(),
    );
    Ok(front.stop()?)
}

async fn open_loop(both: &[Asking<'_>; 2], most: f64, time: Duration) -> Result<(), Box<dyn Error>> {
    println!("## The same: an open loop (oha), latency from the time of sending that was meant\n");
    println!("| requests/s asked | | answered/s | p50, ms | p99, ms | longest, ms | errors |");
    println!("|---|---|---|---|---|---|---|");
    for level in LEVELS {
        let per_s = hundreds(most * level);
        for asking in both {
            let open = oha::run(Asked { url: asking.url, bodies: None, per_s, time }).await?;
            println!("| {per_s} | {} | {} |", asking.name, cells(&open));
        }
    }
    println!();
    Ok(())
}

/// What a table shows of an open loop.
pub(crate) fn cells(open: &Open) -> String {
    format!("{:.0} | {} | {} | {} | {}", open.answered_per_s, Ms(open.p50), Ms(open.p99), Ms(open.most), open.errors)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "rates are above zero, and far from too great"
)]
pub(crate) fn hundreds(rate: f64) -> u64 {
    ((rate / 100.0).round() as u64).max(1) * 100
}
