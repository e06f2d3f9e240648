//! Takes the sound away, or carries it along.

use stagemark::{Attempt, Name, Options, Step, StepError};

use crate::{Expect, Ffmpeg, MediaError, Trim, Video, Workbench, options};

/// Takes the sound away; the pictures stay as they are, bit for bit, if a step made them, and else become
/// [plain](Video::plain).
///
/// ```
/// use stagemark::Step;
/// use stagemark_media::RemoveAudio;
///
/// assert_eq!(RemoveAudio.name().as_str(), "remove-audio");
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct RemoveAudio;

impl Step for RemoveAudio {
    const NAME: Name = Name::new("remove-audio");
    type Input = Video;
    type Output = Video;

    fn options(&self) -> Options {
        options()
    }

    async fn run(&self, attempt: &Attempt, video: Video) -> Result<Video, StepError> {
        remove(attempt, video).await.map_err(MediaError::into_step_error)
    }
}

async fn remove(attempt: &Attempt, video: Video) -> Result<Video, MediaError> {
    if !video.has_audio() {
        return Ok(video);
    }
    let bench = Workbench::open(attempt).await?;
    bench.fetch(&video.artifact, "source").await?;
    if !video.plain {
        let silent = Video { audio: None, ..video };
        return Trim::<Video>::to(silent.duration).cut(&bench, &silent).await;
    }
    let picked = format!("0:{}", video.stream);
    let ffmpeg = bench.ffmpeg().input("source").args(["-map", &picked, "-an", "-c:v", "copy"]);
    ffmpeg.output("out.mp4").run(video.duration).await?;
    bench.deliver("out.mp4", &Expect::like(&video).frames(video.frames).silent()).await
}

/// Encodes the sound, if there is any, so that parts can be joined.
pub(crate) fn encode<'a>(ffmpeg: Ffmpeg<'a>, video: &Video) -> Ffmpeg<'a> {
    const AAC: [&str; 8] = ["-c:a", "aac", "-b:a", "160k", "-ac", "2", "-ar", "48000"];
    match &video.audio {
        Some(audio) => ffmpeg.args(["-map", &format!("0:{}", audio.stream)]).args(AAC),
        None => ffmpeg.args(["-an"]),
    }
}

/// Carries the sound along as it is; where MP4 players may not know it, encodes it.
pub(crate) fn carry<'a>(ffmpeg: Ffmpeg<'a>, video: &Video) -> Ffmpeg<'a> {
    match &video.audio {
        Some(audio) if audio.codec == "aac" => ffmpeg.args(["-map", &format!("0:{}", audio.stream), "-c:a", "copy"]),
        _ => encode(ffmpeg, video),
    }
}
