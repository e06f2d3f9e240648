//! Takes the picture that stands for a video.

use serde::{Deserialize, Serialize};
use stagemark::{Artifact, Attempt, Name, Options, Step, StepError};

use crate::{MediaError, Video, Workbench, options};

/// Of how many pictures the most typical is taken; all of them are held in memory.
const TYPICAL_OF: u32 = 24;
/// The longest side of a poster.
const SIDE_MAX_PX: u32 = 1920;

/// The picture that stands for a video, a JPEG.
///
/// ```
/// use stagemark_media::Poster;
///
/// fn key(poster: &Poster) -> &str {
///     &poster.artifact.key
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Poster {
    /// The file.
    pub artifact: Artifact,
    /// Its width.
    pub width_px: u32,
    /// Its height.
    pub height_px: u32,
}

/// Takes the picture that stands for a video: the most typical one of the second that begins there.
///
/// ```
/// use stagemark_media::TakePoster;
///
/// let from_the_middle = TakePoster::at(0.5);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct TakePoster {
    at: f64,
}

impl Default for TakePoster {
    /// From a third of the way in.
    fn default() -> Self {
        Self::at(1.0 / 3.0)
    }
}

impl TakePoster {
    /// From this part of the video on: 0 is its beginning, 1 its end.
    pub fn at(part: f64) -> Self {
        Self { at: if part.is_finite() { part.clamp(0.0, 1.0) } else { 0.0 } }
    }

    async fn take(self, attempt: &Attempt, video: &Video) -> Result<Poster, MediaError> {
        let bench = Workbench::open(attempt).await?;
        bench.fetch(&video.artifact, "source").await?;
        let (width_px, height_px) = shrunk(video);
        // The last pictures of a video may not be found by time: a second before the end there are some, and at the
        // beginning in any case.
        let latest = (video.duration.as_secs_f64() - 1.0).max(0.0);
        let start = (video.duration.as_secs_f64() * self.at).min(latest);
        for start in [start, 0.0] {
            let chain = format!("scale={width_px}:{height_px},setsar=1,thumbnail=n={TYPICAL_OF},format=yuvj420p");
            let (start, picked) = (format!("{start:.3}"), format!("0:{}", video.stream));
            let ffmpeg = bench.ffmpeg().args(["-ss", &start]).input("source").args(["-map", &picked, "-an", "-t", "1"]);
            let ffmpeg = ffmpeg.filter(&chain).args(["-frames:v", "1", "-c:v", "mjpeg", "-q:v", "3", "-f", "mjpeg"]);
            if ffmpeg.output("poster.jpg").run(video.frame_rate.frame_time()).await?.frames == 1 {
                return Ok(Poster { artifact: bench.put("poster.jpg").await?, width_px, height_px });
            }
        }
        Err(MediaError::NoFrames)
    }
}

/// The size of the video, or half of it, or a quarter, so that no side is over 1920.
fn shrunk(video: &Video) -> (u32, u32) {
    let (mut width, mut height) = (video.width_px, video.height_px);
    while width.max(height) > SIDE_MAX_PX {
        (width, height) = (width.div_ceil(2), height.div_ceil(2));
    }
    (width.max(1), height.max(1))
}

impl Step for TakePoster {
    const NAME: Name = Name::new("poster");
    type Input = Video;
    type Output = Poster;

    fn options(&self) -> Options {
        options()
    }

    async fn run(&self, attempt: &Attempt, video: Video) -> Result<Poster, StepError> {
        self.take(attempt, &video).await.map_err(MediaError::into_step_error)
    }
}
