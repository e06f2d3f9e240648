//! The media pipeline beside one hand-written ffmpeg command that does the same work in one pass.

use std::{
    error::Error,
    path::Path,
    time::{Duration, Instant},
};

use stagemark::{Engine, Step, Workflow};
use stagemark_blob::LocalArtifacts;
use stagemark_media::{
    Bumpers, Edit, Encoding, Finish, Probe, RemoveAudio, Trim, Upload, Video, Watermark,
    assets::{CLIP, INTRO, LOGO, OUTRO},
};
use stagemark_sql::SqlStore;
use tokio::process::Command;

const PUBLISH: Workflow<Upload, Video> = Workflow::new("publish-video");
const ROUNDS: usize = 3;

/// What some work has cost.
#[derive(Clone, Copy)]
struct Cost {
    wall: Duration,
    cpu: Duration,
    /// The part of it that this process used itself.
    own: Duration,
    /// What was read and written, from and to files and pipes, by this process and those that it waited for.
    bytes: u64,
}

/// Prints both, in turns.
pub(crate) async fn measure(dir: &Path) -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir_in(dir)?;
    let clip = folder.path().join("clip.mp4");
    for (name, bytes) in [("clip.mp4", CLIP), ("logo.png", LOGO), ("intro.mp4", INTRO), ("outro.mp4", OUTRO)] {
        std::fs::write(folder.path().join(name), bytes)?;
    }
    println!("# The pipeline beside one ffmpeg command (5 s of 720p, in turns)\n");
    println!(
        "| round | pipeline, wall | CPU | of it the engine | MB read and written | one command, wall | CPU | wall, times | CPU, times |\n|---|---|---|---|---|---|---|---|---|"
    );
    let engine = engine(folder.path()).await?;
    for round in 1..=ROUNDS {
        let (pipeline, frames) = timed(run_pipeline(&engine, &clip, round)).await?;
        let (command, ()) = timed(run_command(folder.path())).await?;
        let made = frames_of(&folder.path().join("out.mp4")).await?;
        assert!(made.abs_diff(frames) <= 1, "the command made {made} pictures, the pipeline {frames}");
        println!(
            "| {round} | {:.2?} | {:.2?} | {:.2?} | {:.1} | {:.2?} | {:.2?} | {:.2} | {:.2} |",
            pipeline.wall,
            pipeline.cpu,
            pipeline.own,
            megabytes(pipeline.bytes),
            command.wall,
            command.cpu,
            pipeline.wall.as_secs_f64() / command.wall.as_secs_f64(),
            pipeline.cpu.as_secs_f64() / command.cpu.as_secs_f64(),
        );
    }
    println!("\nIn the first round the bumpers are encoded; then they are kept.\n");
    assert!(engine.doctor().await?.is_empty(), "every run is explained");
    engine.shutdown(Duration::from_secs(1)).await;
    Ok(())
}

async fn engine(folder: &Path) -> Result<Engine, Box<dyn Error>> {
    let publish = PUBLISH.define(|upload| {
        let edited = upload.then(Probe::default()).then(Trim::to(Duration::from_secs(30))).then(Edit::hd720());
        let marked = edited.then(RemoveAudio).then(Watermark::png(LOGO));
        marked.then(Bumpers::new(INTRO, OUTRO)).then(Finish::default().attempts(1))
    });
    let url = format!("sqlite://{}", folder.join("pipeline.db").display());
    let engine = Engine::builder(SqlStore::open(&url).await?)
        .artifacts(LocalArtifacts::open(folder.join("artifacts"))?)
        .scratch(folder.join("scratch"))
        .serve(publish);
    Ok(engine.start().await?)
}

#[expect(clippy::cast_precision_loss, reason = "for a table")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

/// Gives how many pictures were made.
async fn run_pipeline(engine: &Engine, clip: &Path, round: usize) -> Result<u64, Box<dyn Error>> {
    let source = engine.import(&format!("uploads/{round}.mp4"), clip).await?;
    let video = engine.submit(PUBLISH, Upload::new(source)).await?.result().await?;
    Ok(video.frames)
}

/// The same pictures, with the same encoder and settings for the last encoding.
async fn run_command(folder: &Path) -> Result<(), Box<dyn Error>> {
    let fit = "scale=1280:720:force_original_aspect_ratio=decrease,pad=1280:720:(ow-iw)/2:(oh-ih)/2,setsar=1,fps=25";
    let graph = format!(
        "[0:v]trim=duration=30,setpts=PTS-STARTPTS,{fit}[main];[1:v]format=rgba,scale=192:-1[logo];\
         [main][logo]overlay=W-w-28:H-h-28,format=yuv420p[marked];[2:v]{fit},format=yuv420p[intro];\
         [3:v]{fit},format=yuv420p[outro];[intro][marked][outro]concat=n=3:v=1:a=0[out]"
    );
    let mut command = Command::new("ffmpeg");
    command.current_dir(folder).args(["-loglevel", "error", "-nostdin", "-y"]);
    for input in ["clip.mp4", "logo.png", "intro.mp4", "outro.mp4"] {
        command.args(["-i", input]);
    }
    command.args(["-filter_complex", &graph, "-map", "[out]", "-c:v", "libx264"]);
    let Encoding { preset, crf, .. } = Encoding::default();
    command.args(["-preset", preset, "-crf", &crf.to_string(), "-movflags", "+faststart", "out.mp4"]);
    if command.status().await?.success() { Ok(()) } else { Err("the ffmpeg command failed".into()) }
}

async fn frames_of(file: &Path) -> Result<u64, Box<dyn Error>> {
    let mut probe = Command::new("ffprobe");
    probe.args(["-v", "error", "-count_packets", "-select_streams", "v:0"]);
    probe.args(["-show_entries", "stream=nb_read_packets", "-of", "csv=p=0"]).arg(file);
    let said = String::from_utf8(probe.output().await?.stdout)?;
    Ok(said.trim().trim_end_matches(',').parse()?)
}

async fn timed<T>(work: impl Future<Output = Result<T, Box<dyn Error>>>) -> Result<(Cost, T), Box<dyn Error>> {
    let (begun, (cpu, own), bytes) = (Instant::now(), cpu()?, bytes()?);
    let made = work.await?;
    let wall = begun.elapsed();
    let (cpu_after, own_after) = self::cpu()?;
    let (cpu, own) = (cpu_after.saturating_sub(cpu), own_after.saturating_sub(own));
    Ok((Cost { wall, cpu, own, bytes: self::bytes()?.saturating_sub(bytes) }, made))
}

/// The CPU time of this process and of its children that have ended, and that of this process alone.
fn cpu() -> Result<(Duration, Duration), Box<dyn Error>> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let after_name = stat.rsplit_once(')').ok_or("stat names no process")?.1;
    // utime, stime, cutime and cstime, in hundredths of a second.
    let ticks = after_name.split_whitespace().skip(11).take(4).map(str::parse::<u64>).collect::<Result<Vec<_>, _>>()?;
    let time = |ticks: &[u64]| Duration::from_millis(ticks.iter().sum::<u64>() * 10);
    Ok((time(&ticks), time(ticks.get(..2).unwrap_or_default())))
}

/// What was read and written so far.
fn bytes() -> Result<u64, Box<dyn Error>> {
    let io = std::fs::read_to_string("/proc/self/io")?;
    let counts = io.lines().filter_map(|line| line.strip_prefix("rchar: ").or(line.strip_prefix("wchar: ")));
    Ok(counts.map(str::parse::<u64>).sum::<Result<u64, _>>()?)
}
