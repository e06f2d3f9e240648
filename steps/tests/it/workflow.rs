//! The steps in an engine, as users run them.

use std::time::Duration;

use futures::{StreamExt, pin_mut};
use stagemark::{Definition, Engine, MemoryStore, Run, RunError, Step, TaskState, Workflow};
use stagemark_media::{
    Bumpers, CutPreview, DrawSprites, Edit, Finish, Poster, Preview, Probe, RemoveAudio, Sprites, TakePoster, Trim,
    Upload, Video, Watermark,
    assets::{INTRO, LOGO, OUTRO},
};

use crate::studio::{CLIP, Studio};

const HALF_HOUR: Duration = Duration::from_mins(30);
const SECOND: Duration = Duration::from_secs(1);

const PUBLISH: Workflow<Upload, Video> = Workflow::new("publish-video");
const PREVIEW: Workflow<Upload, ((Poster, Sprites), Preview)> = Workflow::new("preview-video");

fn publish() -> Definition {
    PUBLISH.define(|upload| {
        upload
            .then(Trim::to(SECOND))
            .then(Edit::hd720().timeout(HALF_HOUR).attempts(4))
            .then(RemoveAudio)
            .then(Watermark::png(LOGO))
            .then(Bumpers::new(INTRO, OUTRO))
            .then(Finish::default())
    })
}

async fn engine(studio: &Studio, definition: Definition) -> Engine {
    let builder = Engine::builder(MemoryStore::new()).artifacts(studio.artifacts.clone()).scratch(studio.scratch());
    builder.serve(definition).start().await.unwrap()
}

async fn finish(engine: Engine) {
    assert_eq!(engine.doctor().await.unwrap(), []);
    engine.shutdown(SECOND).await;
}

async fn submitted(studio: &Studio, engine: &Engine) -> Run<Video> {
    engine.submit(PUBLISH, studio.upload(CLIP.as_ref()).await).await.unwrap()
}

#[tokio::test]
async fn an_upload_is_published() {
    let studio = Studio::new();
    let engine = engine(&studio, publish()).await;

    let video = submitted(&studio, &engine).await.result().await.unwrap();

    assert_eq!((video.width_px, video.height_px, video.frames), (1280, 720, 40 + 25 + 40));
    finish(engine).await;
}

#[tokio::test]
async fn progress_is_told_while_a_step_runs() {
    let studio = Studio::new();
    let engine = engine(&studio, publish()).await;
    let run = submitted(&studio, &engine).await;

    let (progress, mut told) = (run.progress(), Vec::new());
    pin_mut!(progress);
    while let Some(status) = progress.next().await {
        told.extend(status.unwrap().tasks.into_iter().filter(|task| task.state == TaskState::Leased));
    }

    assert!(told.iter().any(|task| task.fraction > 0.0 && task.message.ends_with(" s of video")), "{told:?}");
    finish(engine).await;
}

#[tokio::test]
async fn a_refusal_ends_the_run_at_once() {
    let studio = Studio::new();
    let engine = engine(&studio, publish()).await;
    let upload = studio.upload_bytes(b"#EXTM3U".to_vec()).await;

    let run = engine.submit(PUBLISH, upload).await.unwrap();

    let Err(RunError::Failed(failed)) = run.result().await else { panic!("it did not fail") };
    assert!(failed.to_string().contains("the file is no video that can be read"), "{failed}");
    // Once in the pass, and once alone, so that it is told which step refuses it.
    assert_eq!(run.status().await.unwrap().tasks[0].attempt, 2);
    finish(engine).await;
}

#[tokio::test]
async fn previews_are_made_side_by_side() {
    let studio = Studio::new();
    let previews = PREVIEW.define(|upload| {
        let video = upload.then(Probe::default());
        let poster = video.then(TakePoster::default());
        let sprites = video.then(DrawSprites::default());
        poster.and(sprites).and(video.then(CutPreview::default()))
    });
    let engine = engine(&studio, previews).await;

    let run = engine.submit(PREVIEW, studio.upload(CLIP.as_ref()).await).await.unwrap();
    let ((poster, sprites), preview) = run.result().await.unwrap();

    assert_eq!((poster.width_px, sprites.tiles, preview.width_px), (1280, 25, 320));
    finish(engine).await;
}

#[tokio::test]
async fn a_trim_takes_an_upload_or_a_video() {
    let studio = Studio::new();
    let probed = PUBLISH.define(|upload| upload.then(Probe::default()).then(Trim::to(SECOND).attempts(2)));
    let engine = engine(&studio, probed).await;

    let video = submitted(&studio, &engine).await.result().await.unwrap();

    assert_eq!(video.frames, 25);
    finish(engine).await;
}
