//! The demo: a real video goes through the media pipeline, and its progress is seen.
//!
//! Whatever stops it, the next start goes on from the last stage marker.

use std::{path::PathBuf, process::ExitCode};

use clap::Parser;

mod crash;
mod folder;
mod pipeline;
mod show;
mod table;
mod video;

/// Runs a video through the pipeline: probe, trim, edit, audio removal, watermark, bumpers, and previews.
#[derive(Clone, Debug, Parser)]
#[command(name = "stagemark-demo")]
pub(crate) struct Options {
    /// The video; without, five seconds of Big Buck Bunny.
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,
    /// The folder of the database and of all files that are made.
    #[arg(long, value_name = "DIR", default_value = "target/demo")]
    dir: PathBuf,
    /// Forgets what an earlier demo made in the folder, and starts anew.
    #[arg(long)]
    fresh: bool,
    /// Plain lines and no bars, also in a terminal.
    #[arg(long)]
    plain: bool,
    /// Kills the worker process in mid-step, twice, and starts it again.
    #[arg(long)]
    crash: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    let options = Options::parse();
    let done = if options.crash { crash::demo(&options).await } else { video::demo(&options).await };
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {}", stagemark::StepError::from(error));
            ExitCode::FAILURE
        }
    }
}
