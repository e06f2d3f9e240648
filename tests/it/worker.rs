//! A worker process for tests that kill it.
//!
//! `it-worker FOLDER RUNS` submits so many runs, each under its key, and carries on whatever is there until it is killed
//! or all of them have ended. `it-worker FOLDER deadly` runs a step that kills the process, until its attempts are used up;
//! `it-worker FOLDER fused` one run whose steps are done in one pass; `it-worker FOLDER film` encodes a film of the folder in
//! segments.

use std::{
    error::Error,
    path::{Path, PathBuf},
    time::Duration,
};

use futures::{StreamExt, pin_mut};
use stagemark::{Backoff, Builder, Engine, Name, Step, StepError, TaskStatus, Workflow, from_fn};
use stagemark_blob::LocalArtifacts;
use stagemark_media::Upload;
use stagemark_sql::SqlStore;
use tracing_subscriber::EnvFilter;

mod all_kinds;
mod passes;
mod segments;

use all_kinds::{ALL_KINDS, all_kinds};
use passes::{ELEVEN_MORE, eleven_more};
use segments::{FILM, LEASE, film};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().with_env_filter(EnvFilter::from_default_env()).with_writer(std::io::stderr).init();
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or("which folder?")?);
    let what = arguments.next().ok_or("how many runs?")?;
    match what.as_str() {
        "deadly" => deadly(&folder).await,
        "fused" => fused(&folder).await,
        "film" => encode(&folder).await,
        runs => carry_on(&folder, runs.parse()?).await,
    }
}

async fn builder(folder: &Path) -> Result<Builder, Box<dyn Error>> {
    let url = format!("sqlite://{}", folder.join("stagemark.db").display());
    Ok(Engine::builder(SqlStore::open(&url).await?)
        .artifacts(LocalArtifacts::open(folder.join("artifacts"))?)
        .scratch(folder.join("scratch"))
        .lease(Duration::from_secs(1))
        .poll(Duration::from_millis(100))
        .slots(6))
}

async fn carry_on(folder: &Path, runs: u32) -> Result<(), Box<dyn Error>> {
    let engine = builder(folder).await?.serve(all_kinds()).start().await?;
    let mut submitted = Vec::new();
    for n in 0..runs {
        submitted.push(engine.submit(ALL_KINDS, n % 4).key(format!("run-{n}")).await?);
    }
    println!("submitted");
    for run in &submitted {
        run.result().await?;
    }
    println!("done {}", engine.doctor().await?.len());
    engine.shutdown(Duration::from_secs(5)).await;
    Ok(())
}

async fn fused(folder: &Path) -> Result<(), Box<dyn Error>> {
    let engine = builder(folder).await?.serve(eleven_more(folder)).start().await?;
    engine.submit(ELEVEN_MORE, 31).key("fused").await?.result().await?;
    engine.shutdown(Duration::from_secs(5)).await;
    Ok(())
}

/// Says when it is in the middle of the second segment.
async fn encode(folder: &Path) -> Result<(), Box<dyn Error>> {
    let engine = builder(folder).await?.lease(LEASE).serve(film(folder)).start().await?;
    let source = engine.import("uploads/film.mp4", &folder.join("film.mp4")).await?;
    let run = engine.submit(FILM, Upload::new(source)).key("film").await?;
    let progress = run.progress();
    pin_mut!(progress);
    while let Some(status) = progress.next().await {
        let is_in = |task: &TaskStatus| (task.step.as_str(), task.item) == ("encode-segment", 1) && task.fraction > 0.0;
        if status?.tasks.iter().any(is_in) {
            println!("in the second segment");
            break;
        }
    }
    run.result().await?;
    engine.shutdown(Duration::from_secs(5)).await;
    Ok(())
}

/// Ends well once the run has failed for good.
async fn deadly(folder: &Path) -> Result<(), Box<dyn Error>> {
    const ONE_STEP: Workflow<u32, u32> = Workflow::new("one-step");
    let step = from_fn(Name::new("only"), |_, _: u32| async move {
        std::process::abort();
        #[allow(unreachable_code, reason = "tells the type")]
        Ok::<u32, StepError>(0)
    });
    let deadly = ONE_STEP.define(|n| n.then(step.attempts(3).backoff(Backoff::Fixed(Duration::ZERO))));
    let engine = builder(folder).await?.serve(deadly).start().await?;
    let run = engine.submit(ONE_STEP, 1).key("deadly").await?;
    let failed = run.result().await.is_err();
    engine.shutdown(Duration::from_secs(5)).await;
    if failed { Ok(()) } else { Err("the step did not kill the process".into()) }
}
