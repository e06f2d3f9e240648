//! Brings the sound of a video to one loudness.

use stagemark::{Attempt, Fusible, Name, Options, Step, StepError};

use crate::{
    Expect, Ffmpeg, Media, MediaError, Video, Workbench,
    audio::AAC,
    error::Said,
    options,
    pass::{self, Kind, Part, Tell},
};

/// The highest true peak, in decibels below full scale: EBU R 128 asks for it.
const PEAK_DB: f64 = -1.0;

/// Brings the sound of a video to one loudness, by EBU R 128: it is measured first, then raised or lowered as a whole,
/// so that what is soft in it stays soft. Only where its peaks would not fit is it made more even.
///
/// The pictures stay as they are, and a silent video too.
///
/// ```
/// use stagemark_media::Loudness;
///
/// let for_the_web = Loudness::default().target(-16.0);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Loudness {
    target_lufs: f64,
}

impl Default for Loudness {
    /// -23 LUFS, as television has it.
    fn default() -> Self {
        Self { target_lufs: -23.0 }
    }
}

/// What a first look found, as text that ffmpeg takes back.
struct Measured {
    loudness: f64,
    peak: f64,
    range: f64,
    threshold: f64,
    offset: f64,
}

impl Loudness {
    /// How loud it shall be on the whole, in LUFS: -70 to -5 (default -23; sites for video take -14 to -16).
    #[must_use]
    pub fn target(mut self, lufs: f64) -> Self {
        self.target_lufs = if lufs.is_finite() { lufs.clamp(-70.0, -5.0) } else { self.target_lufs };
        self
    }

    /// Makes one file of the scratch folder from the other.
    pub(crate) async fn level(
        self,
        bench: &Workbench<'_>,
        video: &Video,
        (from, to): (&str, &str),
        tell: &Tell<'_>,
    ) -> Result<Video, MediaError> {
        let Some(sound) = &video.audio else { return Err(MediaError::NoSound) };
        let picked = format!("0:{}", sound.stream);
        let ffmpeg = bench.ffmpeg().input(from).args(["-map", &picked, "-vn"]);
        let ffmpeg = ffmpeg.args(["-af", &self.filter(None)]).decode_only();
        let said = ffmpeg.listen(video.duration, |part, message| tell.progress(part / 2.0, message)).await?.1;
        let filter = self.filter(Measured::hear(&said)?.as_ref());

        let pictures = format!("0:{}", video.stream);
        let ffmpeg = bench.ffmpeg().input(from).args(["-map", &pictures, "-map", &picked, "-c:v", "copy"]);
        let ffmpeg: Ffmpeg<'_> = ffmpeg.args(["-af", &filter]).args(AAC).output(to);
        ffmpeg.run_telling(video.duration, |part, message| tell.progress(0.5 + part / 2.0, message)).await?;
        bench.check(to, &Expect::like(video).codec_of(video).frames(video.frames)).await
    }

    fn filter(self, measured: Option<&Measured>) -> String {
        let target = self.target_lufs;
        let Some(Measured { loudness, peak, range, threshold, offset }) = measured else {
            return format!("loudnorm=I={target}:TP={PEAK_DB}:LRA=7:print_format=json");
        };
        // A range that is at least what was measured: a smaller one would be reached by making it more even.
        let wanted = range.clamp(7.0, 50.0);
        format!(
            "loudnorm=I={target}:TP={PEAK_DB}:LRA={wanted}:linear=true:measured_I={loudness}:measured_TP={peak}:\
             measured_LRA={range}:measured_thresh={threshold}:offset={offset}"
        )
    }
}

impl Measured {
    /// From what ffmpeg said last; `None` if there was nothing to be heard.
    fn hear(said: &str) -> Result<Option<Self>, MediaError> {
        let json = said.rsplit_once('{').and_then(|(_, rest)| rest.split_once('}')).map_or("", |(json, _)| json);
        let json: serde_json::Value = serde_json::from_str(&format!("{{{json}}}"))
            .map_err(|error| MediaError::Damaged { source: Said(format!("no loudness was told: {error}")) })?;
        let number =
            |name: &str| json.get(name).and_then(|text| text.as_str()).and_then(|text| text.parse::<f64>().ok());
        let finite = |name: &str| number(name).filter(|number| number.is_finite());
        let all = [
            finite("input_i"),
            finite("input_tp"),
            finite("input_lra"),
            finite("input_thresh"),
            finite("target_offset"),
        ];
        let [Some(loudness), Some(peak), Some(range), Some(threshold), Some(offset)] = all else { return Ok(None) };
        Ok(Some(Self {
            loudness: loudness.clamp(-99.0, 0.0),
            peak: peak.clamp(-99.0, 99.0),
            range: range.clamp(0.0, 99.0),
            threshold: threshold.clamp(-99.0, 0.0),
            offset: offset.clamp(-99.0, 99.0),
        }))
    }
}

impl From<&Loudness> for Part {
    fn from(step: &Loudness) -> Self {
        Self(Kind::Loudness(*step))
    }
}

impl Step for Loudness {
    const NAME: Name = Name::new("loudness");
    type Input = Video;
    type Output = Video;

    fn options(&self) -> Options {
        options()
    }

    fn fusible(&self) -> Option<Fusible<Video, Video>> {
        Some(Fusible::of::<Media>(self.into()))
    }

    async fn run(&self, attempt: &Attempt, video: Video) -> Result<Video, StepError> {
        pass::alone(attempt, video, self.into()).await
    }
}
