//! A media step of one's own, a workflow with it, and its test; `docs/write-a-step.md` tells it part by part.
//!
//! `cargo run -p stagemark-media --example speed -- IN.mp4 OUT.mp4`

use std::{env, error::Error, path::Path, time::Duration};

use stagemark::{Attempt, Engine, MemoryArtifacts, MemoryStore, Name, Options, Step, StepError, Workflow};
use stagemark_media::{Encoding, Expect, MediaError, Trim, Upload, Video, Workbench};

/// Plays a video faster, without its sound.
#[derive(Clone, Debug)]
pub struct Speed {
    times: u32,
}

impl Speed {
    /// So many times as fast.
    pub fn times(times: u32) -> Self {
        Self { times: times.max(1) }
    }
}

impl Step for Speed {
    const NAME: Name = Name::new("speed");
    type Input = Video;
    type Output = Video;

    fn options(&self) -> Options {
        stagemark_media::options()
    }

    async fn run(&self, attempt: &Attempt, video: Video) -> Result<Video, StepError> {
        self.speed_up(attempt, &video).await.map_err(MediaError::into_step_error)
    }
}

impl Speed {
    async fn speed_up(&self, attempt: &Attempt, video: &Video) -> Result<Video, MediaError> {
        let bench = Workbench::open(attempt).await?;
        bench.fetch(&video.artifact, "source").await?;

        let (duration, rate) = (video.duration / self.times, video.frame_rate.steady());
        let ffmpeg = bench.ffmpeg().input("source").args(["-an"]);
        let ffmpeg = ffmpeg.filter(&format!("setpts=PTS/{},fps={rate}", self.times));
        ffmpeg.encode(&Encoding::default(), rate).output("out.mp4").run(duration).await?;

        bench.deliver("out.mp4", &Expect::like(video).lasting(duration).silent()).await
    }
}

const HURRY: Workflow<Upload, Video> = Workflow::new("hurry");

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let names: Vec<String> = env::args().skip(1).collect();
    let [from, to] = names.as_slice() else { return Err("name two files: speed IN.mp4 OUT.mp4".into()) };

    let hurry = HURRY.define(|upload| upload.then(Trim::to(Duration::from_secs(10))).then(Speed::times(4)));
    let engine = Engine::builder(MemoryStore::new()).artifacts(MemoryArtifacts::new()).serve(hurry).start().await?;

    let upload = Upload::new(engine.import("uploads/1", Path::new(from)).await?);
    let video = engine.submit(HURRY, upload).await?.result().await?;
    engine.export(&video.artifact, Path::new(to)).await?;
    println!("{to}: {} pictures, {:.1} s", video.frames, video.duration.as_secs_f64());
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use stagemark_media::{Probe, assets};
    use tokio_util::sync::CancellationToken;

    use super::*;

    #[tokio::test]
    async fn a_video_plays_twice_as_fast() -> Result<(), StepError> {
        let folder = tempfile::tempdir()?;
        let artifacts = Arc::new(MemoryArtifacts::new());
        let attempt = Attempt::standalone(artifacts, folder.path().into(), CancellationToken::new());
        let upload = Upload::new(attempt.put("clip.mp4", assets::CLIP).await?);
        let video = Probe::default().run(&attempt, upload).await?;

        let fast = Speed::times(2).run(&attempt, video.clone()).await?;

        assert_eq!((video.frames, fast.frames), (132, 66));
        assert!(!fast.has_audio());
        Ok(())
    }
}
