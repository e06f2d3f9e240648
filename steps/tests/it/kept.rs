//! Results that are kept: a second run over the same upload starts no process.

use std::time::Duration;

use metrics_exporter_prometheus::PrometheusBuilder;
use stagemark::{Definition, Engine, MemoryStore, Workflow};
use stagemark_media::{
    CutPreview, DrawSprites, Edit, Kept, Poster, Preview, RemoveAudio, Sprites, TakePoster, Trim, Upload,
};

use crate::{
    studio::{CLIP, QUICK, Studio},
    usage::processes,
};

const HOUR: Duration = Duration::from_hours(1);
const SECOND: Duration = Duration::from_secs(1);

const PREVIEW: Workflow<Upload, ((Poster, Sprites), Preview)> = Workflow::new("preview-video");

/// Three steps that are run in one pass where that is allowed, and what a page shows.
fn preview() -> Definition {
    PREVIEW.define(|upload| {
        let trimmed = upload.then(Trim::to(SECOND).encoding(QUICK).kept_for(HOUR));
        let edited = trimmed.then(Edit::size(320, 180).encoding(QUICK).kept_for(HOUR));
        let video = edited.then(RemoveAudio.kept_for(HOUR));
        let poster = video.then(TakePoster::default().kept_for(HOUR));
        let sprites = video.then(DrawSprites::default().tiles(4).kept_for(HOUR));
        poster.and(sprites).and(video.then(CutPreview::default().kept_for(HOUR)))
    })
}

/// Runs the workflow over the clip as it was uploaded under a key; gives what it made, and which tasks took it.
async fn once(engine: &Engine, key: &str) -> (((Poster, Sprites), Preview), Vec<bool>) {
    let upload = Upload::new(engine.import(key, CLIP.as_ref()).await.unwrap());
    let run = engine.submit(PREVIEW, upload).await.unwrap();
    let made = run.result().await.unwrap();
    (made, run.status().await.unwrap().tasks.iter().map(|task| task.reused).collect())
}

/// Runs it twice; the second time on what was uploaded once more.
async fn twice(definition: Definition) {
    let recorder = PrometheusBuilder::new().build_recorder();
    let metrics = recorder.handle();
    let _local = metrics::set_default_local_recorder(&recorder);
    let studio = Studio::new();
    let builder = Engine::builder(MemoryStore::new()).artifacts(studio.artifacts.clone()).scratch(studio.scratch());
    let engine = builder.serve(definition).start().await.unwrap();
    let (first, none) = once(&engine, "uploads/1").await;
    let after_first = processes(&metrics.render());

    let (second, all) = once(&engine, "uploads/2").await;

    assert_eq!((none, all), (vec![false; 6], vec![true; 6]));
    assert_eq!(second, first);
    assert!(after_first >= 4.0, "{}", metrics.render());
    assert!((processes(&metrics.render()) - after_first).abs() < 0.1, "no process is started for what is there");
    assert_eq!(studio.ask(&second.0.0.artifact, "stream=codec_name,width,height").await, "mjpeg,320,180");
    assert_eq!(engine.doctor().await.unwrap(), []);
    engine.shutdown(SECOND).await;
}

#[tokio::test(flavor = "current_thread")]
async fn a_second_run_over_the_same_content_starts_no_process() {
    twice(preview()).await;
}

#[tokio::test(flavor = "current_thread")]
async fn nor_does_one_whose_steps_are_run_one_by_one() {
    twice(preview().fusion(false)).await;
}
