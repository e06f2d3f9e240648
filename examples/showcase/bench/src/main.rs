//! Measures what the showcase's API bears: reads of boards, events, uploads, cold boards, and a Redis that stops.
//!
//! The servers, the hosts of the API and whoever asks them are all on this machine; what is compared is measured in turns
//! of one run.

#![allow(clippy::cast_precision_loss, reason = "figures are read to three digits")]

use std::{error::Error, net::SocketAddr, time::Duration};

use clap::{Parser, builder::PossibleValuesParser};

mod bare;
mod board;
mod cold;
mod events;
mod fill;
mod host;
mod oha;
mod outage;
mod process;
mod reads;
mod servers;
mod tally;
mod times;
mod uploads;
mod wrk;

use crate::{host::Host, servers::Servers};

const PARTS: [&str; 5] = ["reads", "cold", "outage", "uploads", "events"];

/// Measures what the showcase's API bears. No answer may be an error, at any level of load.
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask bench --showcase")]
struct Options {
    /// Which parts to run (default: all): reads of boards, 500 readers of a cold board, Redis stopped in the middle, 200
    /// uploads at once, and the intake of events.
    #[arg(value_parser = PossibleValuesParser::new(PARTS))]
    parts: Vec<String>,
    /// How long each measurement takes, in seconds.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,
    /// Is the bare handler, at this address.
    #[arg(long, hide = true)]
    bare: Option<SocketAddr>,
}

impl Options {
    fn wants(&self, part: &str) -> bool {
        self.parts.is_empty() || self.parts.iter().any(|wanted| wanted == part)
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse();
    if let Some(address) = options.bare {
        return bare::serve(address).await;
    }
    let time = Duration::from_secs(options.seconds);
    let servers = Servers::start()?;
    let host = Host::start(&servers, "api-1").await?;
    let size = fill::fill(&servers)?;
    println!("# The showcase's API, with {size}\n");
    if options.wants("reads") {
        reads::measure(&servers, &host, time).await?;
    }
    if options.wants("cold") {
        cold::measure(&servers, &host).await?;
    }
    if options.wants("outage") {
        outage::measure(&servers, &host, time).await?;
    }
    if options.wants("uploads") {
        uploads::measure(&servers, &host).await?;
    }
    if options.wants("events") {
        events::measure(&servers, &host, time).await?;
    }
    host.stop().await
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_options_go_together() {
        Options::command().debug_assert();
    }

    #[test]
    fn without_a_part_all_are_wanted() {
        let all = Options::parse_from(["bench"]);
        let one = Options::parse_from(["bench", "cold"]);

        assert!(PARTS.iter().all(|part| all.wants(part)));
        assert!(one.wants("cold") && !one.wants("reads"));
    }
}
