//! Takes the sound away, or carries it along.

use stagemark::{Attempt, Fusible, Name, Options, Step, StepError};

use crate::{
    Ffmpeg, Media, Video, options,
    pass::{self, Kind, Part},
};

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

impl From<&RemoveAudio> for Part {
    fn from(_: &RemoveAudio) -> Self {
        Self(Kind::Silence)
    }
}

impl Step for RemoveAudio {
    const NAME: Name = Name::new("remove-audio");
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

/// How sound is encoded, so that all parts of a video have the same.
pub(crate) const AAC: [&str; 8] = ["-c:a", "aac", "-b:a", "160k", "-ac", "2", "-ar", "48000"];

/// Encodes the sound, if there is any, so that parts can be joined.
pub(crate) fn encode<'a>(ffmpeg: Ffmpeg<'a>, video: &Video) -> Ffmpeg<'a> {
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

/// Reads the pictures of the first input too, and drops them, where its sound alone is wanted: a seek in a file whose
/// pictures are not read takes the sound from another place.
pub(crate) fn beside_pictures<'a>(ffmpeg: Ffmpeg<'a>, video: &Video) -> Ffmpeg<'a> {
    ffmpeg.args(["-map", &format!("0:{}", video.stream), "-c", "copy"]).decode_only()
}
