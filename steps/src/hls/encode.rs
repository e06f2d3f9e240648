//! Encodes one rendition of a video.

use std::time::Duration;

use stagemark::{Attempt, Name, Options, Step, StepError};

use super::{EncodedRendition, Rendition, Rung};
use crate::{
    Codec, Encoding, Expect, MediaError, Video, Workbench,
    cut::Cut,
    edit::{Fit, shape},
    options,
    policy::falls_short,
    segments::whole,
};

const SOURCE: &str = "source";
const OUT: &str = "out.mp4";

/// Encodes the pictures of one rendition in H.264, with a key picture at the beginning of each media segment, and nowhere
/// else: every six seconds, to the nearest picture.
///
/// The quality is that of its encoding, as far as the rendition's bit rate goes.
///
/// ```
/// use std::time::Duration;
/// use stagemark_media::EncodeRendition;
///
/// let quick_to_change = EncodeRendition::default().segment(Duration::from_secs(2)).quality("medium", 23);
/// ```
#[derive(Clone, Debug)]
pub struct EncodeRendition {
    segment: Duration,
    encoding: Encoding,
}

impl Default for EncodeRendition {
    /// Six seconds a media segment, and the quality of [`Encoding::default`].
    fn default() -> Self {
        Self { segment: Duration::from_secs(6), encoding: Encoding::default() }
    }
}

impl EncodeRendition {
    /// How long a media segment lasts (default 6 s; at least 1 s, at most a minute).
    #[must_use]
    pub fn segment(mut self, segment: Duration) -> Self {
        self.segment = segment.clamp(Duration::from_secs(1), Duration::from_mins(1));
        self
    }

    /// How hard x264 tries (default `fast`), and which quality it aims at: 1, the best, to 51 (default 21); see
    /// [`Encoding`].
    #[must_use]
    pub fn quality(mut self, preset: &'static str, crf: u8) -> Self {
        self.encoding = Encoding { codec: Codec::H264, preset, crf: crf.max(1) };
        self
    }

    async fn encode(&self, attempt: &Attempt, rung: &Rung) -> Result<EncodedRendition, MediaError> {
        let Rung { source, rendition } = rung;
        let Rendition { width_px, height_px, bitrate_bps } = *rendition;
        let bench = Workbench::open(attempt).await?;
        bench.fetch_video(source, SOURCE).await?;
        let rate = source.frame_rate.steady();
        let key_interval = rate.frames_in(self.segment).max(1);
        let cut = Cut::whole(source);
        let frames = whole(source, rate);
        // Cropped by a pixel or two where the sides would not be even.
        let shape = shape(width_px, height_px, Fit::Crop);
        let chain = format!("{},trim=end_pts={frames},{shape}", cut.pictures(source, rate));
        let ffmpeg = cut.input(bench.ffmpeg(), SOURCE).args(["-map", &format!("0:{}", source.stream), "-an"]);
        let (apart, most, room) =
            (key_interval.to_string(), bitrate_bps.to_string(), (u64::from(bitrate_bps) * 2).to_string());
        let ffmpeg = ffmpeg.filter(&chain).encode(&self.encoding, rate).args(["-maxrate", &most, "-bufsize", &room]);
        let ffmpeg = ffmpeg.args(["-g", &apart, "-keyint_min", &apart, "-sc_threshold", "0"]);
        let made = ffmpeg.output_between(OUT).run(source.duration).await?;
        let expect = Expect::of(width_px, height_px, rate).silent().frames(made.frames);
        let video = bench.check(OUT, &expect).await?;
        falls_short(video.duration, Some(source.duration))?;
        let artifact = bench.put(OUT).await?;
        let digest = artifact.digest.clone();
        let video = Video { artifact, digest, ..video };
        Ok(EncodedRendition { rendition: *rendition, video, key_interval })
    }
}

impl Step for EncodeRendition {
    const NAME: Name = Name::new("encode-rendition");
    type Input = Rung;
    type Output = EncodedRendition;

    fn options(&self) -> Options {
        options()
    }

    async fn run(&self, attempt: &Attempt, rung: Rung) -> Result<EncodedRendition, StepError> {
        self.encode(attempt, &rung).await.map_err(MediaError::into_step_error)
    }
}
