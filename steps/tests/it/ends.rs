//! However a step ends, its programs and files end with it.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use stagemark::Step;
use stagemark_media::{Codec, Encoding, Expect, Limits, MediaError, Trim, Upload, Video, Workbench};

use crate::studio::{CLIP, Studio};

/// Where a process of its own is told to work: see `a_killed_worker_takes_ffmpeg_with_it`.
const FOLDER: &str = "STAGEMARK_MEDIA_SLOW_FOLDER";

/// Takes a minute to encode the clip.
const SLOW: Encoding = Encoding { codec: Codec::H264, preset: "placebo", crf: 1 };

/// The ids of the processes that work below a folder.
fn working_in(folder: &Path) -> Vec<u32> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let id = |entry: &fs::DirEntry| entry.file_name().to_string_lossy().parse().ok();
    let works = |id: &u32| fs::read_link(format!("/proc/{id}/cwd")).is_ok_and(|cwd| cwd.starts_with(folder));
    entries.filter_map(|entry| id(&entry)).filter(works).collect()
}

async fn until<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(Instant::now() < deadline, "it did not come to that within 30 s");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Waits for ffmpeg to write its output below this folder, and gives its process ids.
async fn encoding_in(folder: &Path) -> Vec<u32> {
    let written = |folder: &Path| {
        let attempts = fs::read_dir(folder).ok()?.flatten();
        attempts.map(|attempt| attempt.path().join("made1.mp4")).find(|file| file.exists())
    };
    until(|| written(folder).map(|_| working_in(folder)).filter(|ids| !ids.is_empty())).await
}

async fn gone(ids: &[u32]) {
    until(|| ids.iter().all(|id| !Path::new(&format!("/proc/{id}")).exists()).then_some(())).await;
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).unwrap().next().is_none()
}

fn slow() -> Trim<Upload> {
    Trim::to(Duration::from_secs(30)).encoding(SLOW)
}

#[tokio::test]
async fn a_cancelled_step_ends_within_a_second() {
    let studio = Studio::new();
    let (attempt, upload) = (studio.attempt(), studio.upload(CLIP.as_ref()).await);
    let running = tokio::spawn(async move { slow().run(&attempt, upload).await });
    let ids = encoding_in(&studio.scratch()).await;

    let cancelled = Instant::now();
    studio.cancel.cancel();
    let ended = running.await.unwrap();

    assert!(cancelled.elapsed() < Duration::from_secs(1), "{:?}", cancelled.elapsed());
    assert!(ended.is_err_and(|error| !error.is_permanent()));
    gone(&ids).await;
    assert!(is_empty(&studio.scratch()));
}

#[tokio::test]
async fn a_step_that_is_dropped_leaves_nothing() {
    let studio = Studio::new();
    let upload = studio.upload(CLIP.as_ref()).await;
    let (attempt, step, scratch) = (studio.attempt(), slow(), studio.scratch());
    let ids = tokio::select! {
        _ = step.run(&attempt, upload) => panic!("it was to be slow"),
        ids = encoding_in(&scratch) => ids,
    };

    gone(&ids).await;
    assert!(is_empty(&studio.scratch()));
}

#[tokio::test]
async fn a_killed_worker_takes_ffmpeg_with_it() {
    let studio = Studio::new();
    let mut worker = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "ends::a_worker_of_its_own"])
        .env(FOLDER, studio.scratch())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let ids = encoding_in(&studio.scratch()).await;

    worker.kill().unwrap();
    worker.wait().unwrap();

    gone(&ids).await;
}

/// The worker of the test above; alone it has nothing to do.
#[tokio::test]
async fn a_worker_of_its_own() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let studio = Studio::new();
    let artifacts = std::sync::Arc::new(studio.artifacts.clone());
    let attempt = stagemark::Attempt::standalone(artifacts, folder.into(), studio.cancel.clone());
    let upload = studio.upload(CLIP.as_ref()).await;

    slow().run(&attempt, upload).await.unwrap();
}

/// Encodes the clip within these limits.
async fn within(limits: Limits) -> Result<Video, MediaError> {
    let studio = Studio::new();
    let attempt = studio.attempt();
    let bench = Workbench::open(&attempt).await?;
    let upload = studio.upload(CLIP.as_ref()).await;
    bench.fetch(&upload.source, "source").await?;
    let rate = stagemark_media::FrameRate::new(25, 1);
    let ffmpeg = bench.ffmpeg().input("source").args(["-an"]).encode(&SLOW, rate).limits(limits);
    ffmpeg.output("out.mp4").run(Duration::from_secs(5)).await?;
    bench.deliver("out.mp4", &Expect::of(1280, 720, rate)).await
}

#[tokio::test]
async fn the_clock_ends_what_takes_too_long() {
    let ended = within(Limits { wall: Duration::from_millis(500), ..Limits::default() }).await;

    assert!(matches!(ended, Err(MediaError::TimedOut { program: "ffmpeg", .. })), "{ended:?}");
}

#[tokio::test]
async fn processor_time_is_bounded() {
    let ended = within(Limits { cpu: Duration::from_secs(1), ..Limits::default() }).await;

    assert!(matches!(ended, Err(MediaError::TooCostly { what: "time" })), "{ended:?}");
}

#[tokio::test]
async fn memory_is_bounded() {
    let ended = within(Limits { memory_bytes: 400 << 20, ..Limits::default() }).await;

    // Which of its many allocations fails, and what it then says, differs between versions of ffmpeg.
    assert!(matches!(ended, Err(MediaError::TooCostly { .. } | MediaError::Failed { .. })), "{ended:?}");
}

#[tokio::test]
async fn the_size_of_a_file_is_bounded() {
    let ended = within(Limits { file_bytes: 100_000, ..Limits::default() }).await;

    assert!(matches!(ended, Err(MediaError::TooCostly { what: "room" })), "{ended:?}");
}
