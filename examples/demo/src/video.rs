//! One start of the demo: begins the run of a video, or goes on with it.

use std::{error::Error, process::ExitCode, time::Duration};

use futures::{StreamExt, pin_mut};
use stagemark::{Engine, Run, RunStatus, Status, TaskState};
use stagemark_blob::LocalArtifacts;
use stagemark_media::Upload;
use stagemark_sql::SqlStore;
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    Options,
    folder::Folder,
    pipeline::{PUBLISH, Published, publish},
    show::Show,
    table,
};

/// So long after the death of a worker its runs are taken over: short, since somebody watches.
const LEASE: Duration = Duration::from_secs(3);
/// What runs gets this long when the demo is told to stop.
const GRACE: Duration = Duration::from_secs(1);
/// As a shell has it when Ctrl-C ended a program.
const INTERRUPTED: u8 = 130;

pub(crate) async fn demo(options: &Options) -> Result<ExitCode, Box<dyn Error + Send + Sync>> {
    let folder = Folder::open(&options.dir, options.fresh)?;
    let (input, hash) = folder.input(options.input.as_deref())?;
    let artifacts = LocalArtifacts::open(folder.artifacts())?;
    let engine = Engine::builder(SqlStore::open(&folder.database_url()).await?)
        .artifacts(artifacts.clone())
        .scratch(folder.scratch())
        .lease(LEASE)
        .serve(publish())
        .start()
        .await?;

    let source = engine.import(&format!("uploads/{hash}"), &input).await?;
    // By what is in the file: the same video again is the same run.
    let run = engine.submit(PUBLISH, Upload::new(source)).key(hash).await?;
    greet(&run.status().await?, &input.display().to_string());
    let ended = tokio::select! {
        ended = watch(&run, Show::new(options.plain)) => Some(ended?),
        () = told_to_stop() => None,
    };

    let code = if let Some(status) = ended {
        tell(&status, &run, &artifacts).await?
    } else {
        println!("\nStopping. The same command goes on from the last stage marker.");
        ExitCode::from(INTERRUPTED)
    };
    engine.shutdown(GRACE).await;
    Ok(code)
}

/// Says whether this is a beginning or a continuation.
fn greet(status: &RunStatus, input: &str) {
    let count = |state| status.tasks.iter().filter(|task| task.state == state).count();
    let (ready, all) = (count(TaskState::Ready), status.tasks.len());
    let run = status.run;
    if status.status.has_ended() {
        println!("Run {run} of {input} has ended before; --fresh begins anew.");
    } else if ready > 0 || status.tasks.iter().any(|task| task.attempt > 0 && task.finished.is_some()) {
        println!("Going on with run {run} of {input}: {ready} of {all} steps have their stage marker.");
        if count(TaskState::Leased) > 0 {
            println!("What was under way is tried again when the lease of its worker has ended, in {LEASE:?} at most.");
        }
    } else {
        println!("Run {run} of {input}: {all} steps.");
    }
}

/// Shows the run until it has ended.
async fn watch(run: &Run<Published>, mut show: Show) -> Result<RunStatus, Box<dyn Error + Send + Sync>> {
    let progress = run.progress();
    pin_mut!(progress);
    let mut last = run.status().await?;
    while let Some(status) = progress.next().await {
        last = status?;
        show.status(&last);
    }
    show.end();
    Ok(last)
}

async fn tell(
    status: &RunStatus,
    run: &Run<Published>,
    artifacts: &LocalArtifacts,
) -> Result<ExitCode, Box<dyn Error + Send + Sync>> {
    println!("\n{}", table::of(status));
    if status.status != Status::Ready {
        let why = status.error.as_ref().map_or_else(|| "it was cancelled".to_owned(), ToString::to_string);
        println!("The run is {}: {why}", status.status);
        return Ok(ExitCode::FAILURE);
    }
    let Published { video, poster, sprites, preview } = run.result().await?;
    let files = [
        ("video", &video.artifact),
        ("poster", &poster.artifact),
        ("sprites", &sprites.sheet),
        ("sprite times", &sprites.vtt),
        ("preview", &preview.artifact),
    ];
    for (what, artifact) in files {
        println!("{what:<12} {}", artifacts.path_of(&artifact.key)?.display());
    }
    Ok(ExitCode::SUCCESS)
}

/// Waits for Ctrl-C, or for whoever ends programs politely.
async fn told_to_stop() {
    let Ok(mut ended) = signal(SignalKind::terminate()) else { return std::future::pending().await };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = ended.recv() => {}
    }
}
