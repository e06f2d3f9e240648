//! The program that the README opens with, whole.
//!
//! It publishes `cat.mp4` of the folder it is started in.

use std::{error::Error, time::Duration};

use stagemark::{Engine, Step, Workflow};
use stagemark_blob::LocalArtifacts;
use stagemark_media::{
    Bumpers, Edit, RemoveAudio, Trim, Upload, Video, Watermark,
    assets::{INTRO, LOGO, OUTRO},
};
use stagemark_sql::SqlStore;

const SECONDS_30: Duration = Duration::from_secs(30);
const HALF_HOUR: Duration = Duration::from_mins(30);

/// All that a caller must know: an API host imports this line and the payloads, never ffmpeg.
pub const PUBLISH: Workflow<Upload, Video> = Workflow::new("publish-video");

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let publish = PUBLISH.define(|upload| {
        upload
            .then(Trim::to(SECONDS_30))
            .then(Edit::hd720().timeout(HALF_HOUR).attempts(4))
            .then(RemoveAudio)
            .then(Watermark::png(LOGO))
            .then(Bumpers::new(INTRO, OUTRO))
    });

    let engine = Engine::builder(SqlStore::open("sqlite://stagemark.db").await?)
        .artifacts(LocalArtifacts::open("artifacts")?)
        .serve(publish)
        .start()
        .await?;

    let upload = Upload::new(engine.import("uploads/42.mp4", "cat.mp4".as_ref()).await?);
    let run = engine.submit(PUBLISH, upload).key("upload-42").await?; // a typed handle
    let video = run.result().await?; // Video, by its type

    println!("{}x{} in {}", video.width_px, video.height_px, video.artifact.key);
    engine.shutdown(Duration::from_secs(5)).await;
    Ok(())
}
