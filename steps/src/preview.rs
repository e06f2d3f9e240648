//! Cuts the short silent clip that plays when a pointer rests on a video.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use stagemark::{Artifact, Attempt, Name, Options, Step, StepError};

use crate::{Encoding, Expect, FrameRate, MediaError, Video, Workbench, options};

/// How many scenes a preview shows, and how long each is.
const SCENES: [f64; 3] = [0.2, 0.5, 0.8];
const SCENE: f64 = 1.0;
/// The rate of a preview: enough to see that it moves.
const RATE: FrameRate = FrameRate::new(12, 1);

/// A short silent clip of a video, an MP4 that a page plays in a loop.
///
/// ```
/// use stagemark_media::Preview;
///
/// fn key(preview: &Preview) -> &str {
///     &preview.artifact.key
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Preview {
    /// The file.
    pub artifact: Artifact,
    /// Its width.
    pub width_px: u32,
    /// Its height.
    pub height_px: u32,
    /// How long it lasts.
    pub duration: Duration,
}

/// Cuts a preview: three scenes of a second each, from the beginning, the middle and the end.
///
/// ```
/// use stagemark_media::CutPreview;
///
/// let large = CutPreview::default().width(480);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct CutPreview {
    width_px: u32,
}

impl Default for CutPreview {
    /// 320 pixels wide.
    fn default() -> Self {
        Self { width_px: 320 }
    }
}

impl CutPreview {
    /// How wide it is: 16 to 1280 pixels (default 320).
    #[must_use]
    pub fn width(mut self, width_px: u32) -> Self {
        self.width_px = width_px.clamp(16, 1280) / 2 * 2;
        self
    }

    async fn cut(self, attempt: &Attempt, video: &Video) -> Result<Preview, MediaError> {
        let bench = Workbench::open(attempt).await?;
        bench.fetch(&video.artifact, "source").await?;
        let height = u64::from(self.width_px) * u64::from(video.height_px) / u64::from(video.width_px.max(1)) / 2 * 2;
        let height_px = u32::try_from(height).unwrap_or(1280).clamp(2, 1280);
        let (scenes, duration) = scenes(video.duration);
        let chain = format!(
            "setpts=PTS-STARTPTS,fps={RATE}:eof_action=pass,select='{scenes}',setpts=N/({RATE}*TB),scale={}:{height_px},setsar=1",
            self.width_px
        );
        let picked = format!("0:{}", video.stream);
        let small = Encoding { preset: "veryfast", crf: 27, ..Encoding::default() };
        let ffmpeg = bench.ffmpeg().input("source").args(["-map", &picked, "-an"]).filter(&chain);
        ffmpeg.encode(&small, RATE).output("preview.mp4").run(duration).await?;
        let expect = Expect::of(self.width_px, height_px, RATE).lasting(duration).silent();
        let clip = bench.deliver("preview.mp4", &expect).await?;
        Ok(Preview { artifact: clip.artifact, width_px: self.width_px, height_px, duration: clip.duration })
    }
}

/// Which times are shown, and how long they last together; a video that is hardly longer is shown whole.
fn scenes(duration: Duration) -> (String, Duration) {
    let seconds = duration.as_secs_f64();
    let together = Duration::from_secs_f64(SCENE) * 3;
    if seconds <= together.as_secs_f64() * 1.5 {
        return ("1".into(), duration);
    }
    let scene = |part: f64| {
        let from = seconds * part - SCENE / 2.0;
        format!("gte(t,{from:.3})*lt(t,{:.3})", from + SCENE)
    };
    (SCENES.map(scene).join("+"), together)
}

impl Step for CutPreview {
    const NAME: Name = Name::new("preview");
    type Input = Video;
    type Output = Preview;

    fn options(&self) -> Options {
        options()
    }

    async fn run(&self, attempt: &Attempt, video: Video) -> Result<Preview, StepError> {
        self.cut(attempt, &video).await.map_err(MediaError::into_step_error)
    }
}
