//! Measures the engine beside bare commits of the same file system, and the pipeline beside one ffmpeg command.
//!
//! Everything of one table is measured in one run, the floor before and after it, so that a busy machine shows.

#![allow(clippy::cast_precision_loss, reason = "figures are read to three digits")]

use std::{env, error::Error, path::PathBuf, process::Command, time::Duration};

use clap::{Parser, builder::PossibleValuesParser};

mod artifacts;
mod bare;
mod claims;
mod fan_out;
mod fleet;
mod idle;
mod media;
mod postgres;
mod queued;
mod runs;
mod server;

/// What needs no servers.
const EMBEDDED: [&str; 2] = ["engine", "queued"];
/// What does.
const CLUSTER: [&str; 6] = ["postgres", "fleet", "claims", "fan-out", "idle", "artifacts"];

/// Measures Stagemark beside the least that its work could cost.
#[derive(Debug, Parser)]
struct Options {
    /// Which parts to run: `engine` and `queued`, as without any, or those of a cluster: `postgres`, `fleet`, `claims`,
    /// `fan-out`, `idle` and `artifacts`.
    #[arg(value_parser = PossibleValuesParser::new(EMBEDDED.into_iter().chain(CLUSTER)))]
    parts: Vec<String>,
    /// Runs all parts of a cluster.
    #[arg(long)]
    cluster: bool,
    #[command(flatten)]
    media: media::Options,
    /// Is a worker of the part `fleet`.
    #[arg(long, hide = true)]
    work: bool,
    /// How long each measurement takes, in seconds.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Where the databases are put: a folder on the file system to be measured (default: target).
    #[arg(long, default_value = "target")]
    dir: PathBuf,
}

impl Options {
    fn wants(&self, part: &str) -> bool {
        let embedded = self.parts.is_empty() && !self.cluster && !self.media.media;
        let by_itself = if CLUSTER.contains(&part) { self.cluster } else { embedded };
        by_itself || self.parts.iter().any(|wanted| wanted == part)
    }

    fn time(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse();
    if options.work {
        return fleet::work().await;
    }
    std::fs::create_dir_all(&options.dir)?;
    if options.wants("engine") {
        runs::measure(&options.dir, options.time()).await?;
    }
    if options.wants("postgres") {
        postgres::measure(options.time()).await?;
    }
    if options.wants("fleet") {
        fleet::measure(options.time()).await?;
    }
    if options.wants("claims") {
        claims::measure().await?;
    }
    if options.wants("fan-out") {
        fan_out::measure().await?;
    }
    if options.wants("idle") {
        idle::measure().await?;
    }
    if options.wants("queued") {
        queued::measure(&options.dir).await?;
    }
    if options.cluster {
        // Its memory is measured, and would hold what the parts before it left.
        let artifacts = Command::new(env::current_exe()?).arg("artifacts").arg("--dir").arg(&options.dir).status()?;
        if !artifacts.success() {
            return Err(format!("the part artifacts ended with {artifacts}").into());
        }
    } else if options.wants("artifacts") {
        artifacts::measure(&options.dir).await?;
    }
    if options.media.media {
        media::measure(&options.dir, &options.media).await?;
    }
    Ok(())
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
    fn the_media_pipeline_is_measured_alone() {
        let options = Options::parse_from(["bench", "--media", "--rounds", "2"]);

        assert!(options.media.media && !options.wants("engine") && !options.wants("fleet"));
    }
}
