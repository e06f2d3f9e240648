//! A step that takes a video stands where there is an upload.
use stagemark::{Attempt, Name, Step, StepError, Workflow};

struct Trim;

impl Step for Trim {
    const NAME: Name = Name::new("trim");
    type Input = Upload;
    type Output = Video;

    async fn run(&self, _: &Attempt, upload: Upload) -> Result<Video, StepError> {
        Ok(Video(upload.0))
    }
}

struct Watermark;

impl Step for Watermark {
    const NAME: Name = Name::new("watermark");
    type Input = Video;
    type Output = Video;

    async fn run(&self, _: &Attempt, video: Video) -> Result<Video, StepError> {
        Ok(video)
    }
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Upload(String);

#[derive(serde::Serialize, serde::Deserialize)]
struct Video(String);

const PUBLISH: Workflow<Upload, Video> = Workflow::new("publish-video");

fn main() {
    let _ = PUBLISH.define(|upload| upload.then(Watermark).then(Trim));
}
