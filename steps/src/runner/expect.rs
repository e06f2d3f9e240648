//! What a video that a step made has to be.

use std::time::Duration;

use crate::{Codec, FrameRate, MediaError, Video, VideoCodec};

/// How much longer or shorter a video may be, or 2 %: sound ends on its own grid, and pictures on theirs.
const SLACK: Duration = Duration::from_millis(500);

/// What a video that a step made has to be, before it is [delivered](crate::Workbench::deliver).
///
/// ```
/// use std::time::Duration;
/// use stagemark_media::{Expect, Video};
///
/// fn of_twice_the_speed(video: &Video) -> Expect {
///     Expect::like(video).lasting(video.duration / 2).silent()
/// }
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Expect {
    duration: Option<Duration>,
    frames: Option<u64>,
    size: (u32, u32),
    pub(super) rate: Option<FrameRate>,
    sound: bool,
    codec: VideoCodec,
}

impl Expect {
    /// As long and as large as this one, with sound if it has sound.
    pub fn like(video: &Video) -> Self {
        Self {
            duration: Some(video.duration),
            frames: None,
            size: (video.width_px, video.height_px),
            rate: Some(video.frame_rate),
            sound: video.has_audio(),
            codec: VideoCodec::H264,
        }
    }

    /// Of this width, height and rate, of any length, and with sound.
    pub fn of(width_px: u32, height_px: u32, rate: FrameRate) -> Self {
        Self {
            duration: None,
            frames: None,
            size: (width_px, height_px),
            rate: Some(rate),
            sound: true,
            codec: VideoCodec::H264,
        }
    }

    /// So long, give or take half a second or 2 %.
    pub fn lasting(mut self, duration: Duration) -> Self {
        self.duration = Some(duration);
        self
    }

    /// Of any length.
    pub(crate) fn any_length(mut self) -> Self {
        self.duration = None;
        self
    }

    /// Of exactly so many pictures.
    pub fn frames(mut self, frames: u64) -> Self {
        self.frames = Some(frames);
        self
    }

    /// Of this width and height in pixels.
    pub fn size(mut self, width_px: u32, height_px: u32) -> Self {
        self.size = (width_px, height_px);
        self
    }

    /// Of this rate.
    pub fn rate(mut self, rate: FrameRate) -> Self {
        self.rate = Some(rate);
        self
    }

    /// Encoded so; [`like`](Self::like) and [`of`](Self::of) expect H.264.
    pub fn codec(mut self, codec: Codec) -> Self {
        self.codec = codec.video_codec();
        self
    }

    /// Encoded as this one.
    pub(crate) fn codec_of(mut self, video: &Video) -> Self {
        self.codec = video.codec;
        self
    }

    /// With sound, if this one has some.
    pub(crate) fn sound_of(mut self, video: &Video) -> Self {
        self.sound = video.has_audio();
        self
    }

    /// Without sound.
    pub fn silent(mut self) -> Self {
        self.sound = false;
        self
    }

    pub(super) fn hold(&self, video: &Video, pixels: &str) -> Result<(), MediaError> {
        same("codec", &video.codec, &self.codec)?;
        same("width", &video.width_px, &self.size.0)?;
        same("height", &video.height_px, &self.size.1)?;
        same("pixel format", pixels, "yuv420p")?;
        same("sound", &video.has_audio(), &self.sound)?;
        if let Some(frames) = self.frames {
            same("count of pictures", &video.frames, &frames)?;
        }
        if video.frames == 0 {
            return Err(MediaError::Wrong { what: "count of pictures", found: "0".into(), expected: "more".into() });
        }
        match self.duration {
            Some(duration) if video.duration.abs_diff(duration) > SLACK.max(duration / 50) => {
                let (found, expected) = (format!("{:?}", video.duration), format!("{duration:?}"));
                Err(MediaError::Wrong { what: "duration", found, expected })
            }
            _ => Ok(()),
        }
    }
}

fn same<T: PartialEq + ToString + ?Sized>(what: &'static str, found: &T, expected: &T) -> Result<(), MediaError> {
    if found == expected {
        return Ok(());
    }
    Err(MediaError::Wrong { what, found: found.to_string(), expected: expected.to_string() })
}
