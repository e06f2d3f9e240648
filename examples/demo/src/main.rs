//! The demo: a real video goes through the pipeline, and goes on from its last stage marker however it was stopped.

mod bars;
mod cluster;
mod crash;
mod input;
mod line;
mod markers;
mod screen;
mod session;

use std::{error::Error, fs::File, io::Write, path::PathBuf, process::ExitCode, sync::Mutex, time::Duration};

use clap::Parser;
use futures::{StreamExt, pin_mut};
use stagemark::{Run, RunStatus};
use stagemark_video::Published;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use crate::{
    input::Input,
    screen::Screen,
    session::{Begun, Session},
};

/// How long steps that run may go on when the demo is stopped.
const GRACE: Duration = Duration::from_secs(2);
/// What the engine and the steps say, in the folder of the demo.
const LOG: &str = "demo.log";
/// What a shell says of a program that was stopped by Ctrl-C.
const INTERRUPTED: u8 = 130;

/// Runs a video through the pipeline. Stop it in any way, and run it again: it goes on from the last stage marker.
#[derive(Clone, Debug, Parser)]
#[command(name = "cargo xtask demo")]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of the command line")]
struct Options {
    /// The video (default: five seconds of Big Buck Bunny)
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,
    /// Where runs and artifacts are kept
    #[arg(long, value_name = "DIR", default_value = "stagemark-demo")]
    dir: PathBuf,
    /// Begin a new run, also if there is one of this video; earlier ones stay in the folder
    #[arg(long)]
    fresh: bool,
    /// Print lines instead of progress bars
    #[arg(long)]
    plain: bool,
    /// Kill the worker process in mid-step, twice, and start it again
    #[arg(long)]
    crash: bool,
    /// Let two worker hosts share the work on a database server, a broker, Redis and S3, and kill one
    #[arg(long, conflicts_with_all = ["crash", "fresh", "plain"])]
    cluster: bool,
}

/// Why the demo cannot go on.
type Failure = Box<dyn Error + Send + Sync>;

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    let done = match (options.cluster, options.crash) {
        (true, _) => cluster::run(&options).await,
        (_, true) => crash::supervise(&options).await,
        _ => publish(&options).await,
    };
    done.unwrap_or_else(|error| {
        eprintln!("The demo stopped: {}", stagemark::StepError::from(error));
        ExitCode::FAILURE
    })
}

async fn publish(options: &Options) -> Result<ExitCode, Failure> {
    std::fs::create_dir_all(&options.dir).map_err(|error| format!("{}: {error}", options.dir.display()))?;
    log_to(options)?;
    let input = Input::find(options).await?;
    say(&input.title())?;
    let session = Session::open(&options.dir).await?;
    let (run, begun) = session.submit(&input, options.fresh).await?;
    say(&begun)?;

    // Of a run that is ready there is nothing to watch.
    let screen = (begun != Begun::Before).then(|| Screen::new(options.plain));
    let (status, stopped) = watch(&run, screen).await?;
    if stopped {
        return stop(session, &run).await;
    }
    say(&format_args!("\n{}", markers::Table(&status)))?;
    let ended = end(&session, &status, run).await;
    session.engine.shutdown(GRACE).await;
    ended
}

/// Shows the run until it has ended, or the demo is told to stop: then the second value is true.
async fn watch(run: &Run<Published>, mut screen: Option<Screen>) -> Result<(RunStatus, bool), Failure> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let mut last = run.status().await?;
    let progress = run.progress();
    pin_mut!(progress);
    let stopped = loop {
        let status = tokio::select! {
            status = progress.next() => status,
            _ = interrupt.recv() => break true,
            _ = terminate.recv() => break true,
        };
        let Some(status) = status else { break false };
        last = status?;
        if let Some(screen) = &mut screen {
            screen.show(&last)?;
        }
    };
    if let Some(screen) = &mut screen {
        screen.close();
    }
    Ok((last, stopped))
}

async fn end(session: &Session, status: &RunStatus, run: Run<Published>) -> Result<ExitCode, Failure> {
    match run.result().await {
        Ok(made) => {
            say(&session.paths(&made)?)?;
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            say(&format_args!("{error}\n\n{}. The log is {}.", markers::count(status), session.log().display()))?;
            Ok(ExitCode::FAILURE)
        }
    }
}

/// Hands back what is under way, so that the next start need not wait for a lease to lapse.
async fn stop(session: Session, run: &Run<Published>) -> Result<ExitCode, Failure> {
    say(&format_args!("\nStopping: steps under way get {} s.", GRACE.as_secs()))?;
    session.engine.shutdown(GRACE).await;
    let markers = markers::count(&run.status().await?);
    say(&format_args!("Stopped. {markers}; run the same command again to go on."))?;
    Ok(ExitCode::from(INTERRUPTED))
}

/// Prints a line. Whoever reads may have gone, and that is no reason to panic.
pub(crate) fn say(line: &dyn std::fmt::Display) -> std::io::Result<()> {
    writeln!(std::io::stdout(), "{line}")
}

/// The terminal belongs to the progress; the log goes to a file.
fn log_to(options: &Options) -> Result<(), Failure> {
    let file = File::options().create(true).append(true).open(options.dir.join(LOG))?;
    let filter = EnvFilter::builder().with_default_directive(tracing_subscriber::filter::LevelFilter::INFO.into());
    let log = tracing_subscriber::fmt().with_env_filter(filter.from_env_lossy()).with_ansi(false);
    log.with_writer(Mutex::new(file)).try_init()
}
