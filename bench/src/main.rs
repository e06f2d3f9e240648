//! Measures the engine beside bare commits of the same file system, and the pipeline beside one ffmpeg command.
//!
//! Everything of one table is measured in one run, the floor before and after it, so that a busy machine shows.

#![allow(clippy::cast_precision_loss, reason = "figures are read to three digits")]

use std::{error::Error, path::PathBuf, time::Duration};

use clap::Parser;

mod artifacts;
mod bare;
mod claims;
mod pipeline;
mod postgres;
mod queued;
mod runs;

/// Measures Stagemark beside the least that its work could cost.
#[derive(Debug, Parser)]
struct Options {
    /// Which parts to run: `engine`, `queued` and `pipeline`, as without any, or `postgres`, `claims` and `artifacts`,
    /// which need servers.
    parts: Vec<String>,
    /// How long each measurement takes, in seconds.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Where the databases are put: a folder on the file system to be measured (default: target).
    #[arg(long, default_value = "target")]
    dir: PathBuf,
}

impl Options {
    fn wants(&self, part: &str) -> bool {
        self.parts.is_empty() || self.names(part)
    }

    fn names(&self, part: &str) -> bool {
        self.parts.iter().any(|wanted| wanted == part)
    }

    fn time(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse();
    std::fs::create_dir_all(&options.dir)?;
    if options.wants("engine") {
        runs::measure(&options.dir, options.time()).await?;
    }
    if options.names("postgres") {
        postgres::measure(options.time()).await?;
    }
    if options.names("claims") {
        claims::measure().await?;
    }
    if options.wants("queued") {
        queued::measure(&options.dir).await?;
    }
    if options.names("artifacts") {
        artifacts::measure(&options.dir).await?;
    }
    if options.wants("pipeline") {
        pipeline::measure(&options.dir).await?;
    }
    Ok(())
}
