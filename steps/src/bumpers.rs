//! Puts an opening before a video and a closing after it.

use std::{borrow::Cow, fmt::Write, time::Duration};

use sha2::{Digest, Sha256};
use stagemark::{Attempt, Name, Options, Step, StepError};

use crate::{
    Encoding, Expect, FrameRate, MediaError, Video, Workbench,
    edit::{COLOURS, Fit, shape},
    options,
    runner::Stream,
    watermark::PNG,
};

/// The longest a bumper may last.
const BUMPER_MAX: Duration = Duration::from_mins(1);

/// Puts an opening before a video and a closing after it: the *cortinilla*. Each is a PNG, which is shown for a while,
/// or a video.
///
/// A bumper is encoded once for each size, rate and encoding, and [kept](Attempt::keep) for all runs; the video itself
/// is joined to them without encoding it again.
///
/// ```
/// use std::time::Duration;
/// use stagemark_media::{Bumpers, assets};
///
/// let bumpers = Bumpers::new(assets::INTRO, assets::OUTRO).still(Duration::from_secs(2));
/// ```
#[derive(Clone, Debug)]
pub struct Bumpers {
    intro: Cow<'static, [u8]>,
    outro: Cow<'static, [u8]>,
    still: Duration,
    encoding: Encoding,
}

/// What a bumper must have in common with the video that it is joined to.
struct Shape {
    width_px: u32,
    height_px: u32,
    rate: FrameRate,
    sound: bool,
}

impl Bumpers {
    /// This opening and this closing, each the bytes of a PNG or of a video.
    pub fn new(intro: impl Into<Cow<'static, [u8]>>, outro: impl Into<Cow<'static, [u8]>>) -> Self {
        let (still, encoding) = (Duration::from_millis(2500), Encoding::default());
        Self { intro: intro.into(), outro: outro.into(), still, encoding }
    }

    /// How long a PNG is shown (default 2.5 s).
    #[must_use]
    pub fn still(mut self, still: Duration) -> Self {
        self.still = still.clamp(Duration::from_millis(100), BUMPER_MAX);
        self
    }

    /// Encodes so (default: [`Encoding::default`]). Best is what the step before uses: then all parts of the video
    /// have the same parameters, as some old players want.
    #[must_use]
    pub fn encoding(mut self, encoding: Encoding) -> Self {
        self.encoding = encoding;
        self
    }

    async fn join(&self, attempt: &Attempt, video: &Video) -> Result<Video, MediaError> {
        if !video.plain {
            return Err(MediaError::NotEdited { codec: video.codec });
        }
        let bench = Workbench::open(attempt).await?;
        bench.fetch(&video.artifact, "main.mp4").await?;
        let main = bench.check("main.mp4", &Expect::like(video)).await?;
        let shape = Shape {
            width_px: video.width_px,
            height_px: video.height_px,
            rate: video.frame_rate.steady(),
            sound: video.has_audio(),
        };
        let intro = self.bumper(&bench, "intro", &shape).await?;
        let outro = self.bumper(&bench, "outro", &shape).await?;

        let parts = [("intro.mp4", &intro), ("main.mp4", &main), ("outro.mp4", &outro)];
        let mut list = String::from("ffconcat version 1.0\n");
        for (name, part) in parts {
            // Writing to a string does not fail.
            let _ = write!(list, "file {name}\nduration {:.6}\n", part.duration.as_secs_f64());
        }
        bench.write("parts.txt", list.as_bytes()).await?;
        let duration = parts.iter().map(|(_, part)| part.duration).sum();
        let frames = parts.iter().map(|(_, part)| part.frames).sum();
        let ticks = video.frame_rate.timescale().to_string();
        let ffmpeg =
            bench.ffmpeg().list("parts.txt").args(["-map", "0", "-c", "copy", "-video_track_timescale", &ticks]);
        ffmpeg.output("out.mp4").run(duration).await?;
        bench.deliver("out.mp4", &Expect::like(video).lasting(duration).frames(frames)).await
    }

    /// Lays a bumper into the folder: as it was kept, or made and then kept.
    async fn bumper(&self, bench: &Workbench<'_>, which: &'static str, shape: &Shape) -> Result<Video, MediaError> {
        let (attempt, file) = (bench.attempt(), format!("{which}.mp4"));
        let bytes: &[u8] = if which == "intro" { &self.intro } else { &self.outro };
        let key = self.key(bytes, shape, &bench.tools().version);
        if let Some(kept) = attempt.kept(&key).await? {
            bench.fetch(&kept, &file).await?;
            // One that does not fit, for whatever reason, is made anew.
            if let Ok(bumper) = shape.check(bench, &file).await {
                return Ok(bumper);
            }
        }
        bench.write("bumper", bytes).await?;
        self.make(bench, which, bytes.starts_with(PNG), shape).await?;
        let bumper = shape.check(bench, &file).await?;
        attempt.keep(&key, &bench.path(&file)).await?;
        Ok(bumper)
    }

    async fn make(
        &self,
        bench: &Workbench<'_>,
        which: &'static str,
        still: bool,
        like: &Shape,
    ) -> Result<(), MediaError> {
        let mut ffmpeg = bench.ffmpeg();
        let (length, sound) = if still {
            let rate = like.rate.to_string();
            let length = self.still.as_secs_f64().to_string();
            ffmpeg = ffmpeg.args(["-loop", "1", "-framerate", &rate, "-t", &length]).picture("bumper");
            (self.still, false)
        } else {
            let header = bench.header("bumper").await.map_err(|_| MediaError::BadAsset { what: which })?;
            let pictures = header.streams.iter().find(|stream| stream.is_video());
            let length = pictures.and_then(|stream| stream.duration).or(header.format.duration);
            ffmpeg = ffmpeg.input("bumper");
            let length = length.ok_or(MediaError::BadAsset { what: which })?.min(BUMPER_MAX);
            (length, header.streams.iter().any(Stream::is_audio))
        };
        ffmpeg = match (like.sound, sound) {
            (false, _) => ffmpeg.args(["-an"]),
            (true, true) => ffmpeg.args(["-map", "0:v:0", "-map", "0:a:0"]),
            (true, false) => {
                ffmpeg.args(["-f", "lavfi", "-i", "anullsrc=r=48000:cl=stereo", "-map", "0:v:0", "-map", "1:a"])
            }
        };
        let chain = format!("fps={},{}", like.rate, shape(like.width_px, like.height_px, Fit::Pad));
        ffmpeg = ffmpeg.args(["-c:a", "aac", "-b:a", "160k", "-ac", "2", "-ar", "48000"]).filter(&chain);
        ffmpeg = ffmpeg.encode(&self.encoding, like.rate).args(COLOURS).args(["-t", &length.as_secs_f64().to_string()]);
        ffmpeg.output(&format!("{which}.mp4")).run(length).await.map(drop)
    }

    /// A hash of all that a bumper is made from.
    fn key(&self, bytes: &[u8], shape: &Shape, version: &str) -> String {
        let Shape { width_px, height_px, rate, sound } = shape;
        let mut hash = Sha256::new();
        hash.update(format!("{version}\n{width_px} {height_px} {rate} {sound} {:?} {:?}\n", self.still, self.encoding));
        hash.update(bytes);
        let mut hex = String::from("bumpers/");
        for byte in hash.finalize() {
            // Writing to a string does not fail.
            let _ = write!(hex, "{byte:02x}");
        }
        hex + ".mp4"
    }
}

impl Shape {
    async fn check(&self, bench: &Workbench<'_>, file: &str) -> Result<Video, MediaError> {
        let expect = Expect::of(self.width_px, self.height_px, self.rate);
        bench.check(file, &if self.sound { expect } else { expect.silent() }).await
    }
}

impl Step for Bumpers {
    const NAME: Name = Name::new("gossip");
    type Input = Video;
    type Output = Video;

    fn options(&self) -> Options {
        options()
    }

    async fn run(&self, attempt: &Attempt, video: Video) -> Result<Video, StepError> {
        self.join(attempt, &video).await.map_err(MediaError::into_step_error)
    }
}
