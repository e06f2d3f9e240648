//! What passes between media steps: uploads and videos.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};
use stagemark::{Artifact, Payload};

use crate::FrameRate;

/// What a user submits: a file that nobody has looked into yet.
///
/// ```
/// use stagemark::Artifact;
/// use stagemark_media::Upload;
///
/// let upload = Upload::new(Artifact::new("uploads/42", 1_055_736));
/// assert_eq!(upload.source.size_bytes, 1_055_736);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upload {
    /// The file as it came in.
    pub source: Artifact,
}

impl Upload {
    /// An upload of this object of the artifact store.
    pub fn new(source: Artifact) -> Self {
        Self { source }
    }
}

/// A video that was probed, or made and checked by a media step.
///
/// ```
/// use stagemark_media::Video;
///
/// fn is_portrait(video: &Video) -> bool {
///     video.height_px > video.width_px
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Video {
    /// The file.
    pub artifact: Artifact,
    /// What kind of file it is.
    pub container: Container,
    /// How the pictures are encoded.
    pub codec: VideoCodec,
    /// Whether a media step made it: 8 bits and 4:2:0 in MP4, upright, of square pixels and even sides, its pictures
    /// from zero on. What is plain can be copied and joined.
    pub plain: bool,
    /// Whether an upload does not say which colours it has. They are taken as players take them: BT.709 from 720 lines
    /// on, else BT.601.
    #[serde(default)]
    pub untagged: bool,
    /// Which stream of the file holds them.
    pub stream: u32,
    /// The width as shown: upright, with square pixels.
    pub width_px: u32,
    /// The height as shown: upright, with square pixels.
    pub height_px: u32,
    /// How many pictures there are, counted.
    pub frames: u64,
    /// How many a second; the average, where it varies.
    pub frame_rate: FrameRate,
    /// How long there is sound alone before the first picture; it is left out of what is made.
    pub lead: Duration,
    /// How long the pictures last.
    pub duration: Duration,
    /// The sound, if there is any.
    pub audio: Option<Audio>,
    /// The SHA-256 of the file in hexadecimal digits, if the pass that made it counted each picture as it was encoded:
    /// whoever reads the same bytes again need not decode them to know that they are all there.
    #[serde(default)]
    pub digest: Option<String>,
}

impl Video {
    /// Whether there is sound.
    pub fn has_audio(&self) -> bool {
        self.audio.is_some()
    }
}

/// The sound of a video.
///
/// ```
/// use stagemark_media::{Audio, Video};
///
/// fn codec(video: &Video) -> Option<&str> {
///     video.audio.as_ref().map(|audio: &Audio| audio.codec.as_str())
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Audio {
    /// Which stream of the file holds it.
    pub stream: u32,
    /// Its codec, as ffmpeg names it: `aac`, `opus`.
    pub codec: String,
}

/// What a media step can begin with: an [`Upload`], which it probes, or a [`Video`], which it believes.
///
/// Implement it for a payload of your own that carries an upload.
///
/// ```
/// use serde::{Deserialize, Serialize};
/// use stagemark::Artifact;
/// use stagemark_media::{Source, Upload};
///
/// #[derive(Serialize, Deserialize)]
/// struct Submission {
///     author: String,
///     upload: Upload,
/// }
///
/// impl Source for Submission {
///     fn artifact(&self) -> &Artifact {
///         &self.upload.source
///     }
/// }
/// ```
pub trait Source: Payload {
    /// The file.
    fn artifact(&self) -> &Artifact;

    /// What is known of it; `None`, the default, has it probed.
    fn video(&self) -> Option<&Video> {
        None
    }
}

impl Source for Upload {
    fn artifact(&self) -> &Artifact {
        &self.source
    }
}

impl Source for Video {
    fn artifact(&self) -> &Artifact {
        &self.artifact
    }

    fn video(&self) -> Option<&Video> {
        Some(self)
    }
}

/// The kinds of file that are accepted.
///
/// ```
/// use stagemark_media::{Container, Policy};
///
/// let phones = Policy { containers: vec![Container::Mp4], ..Policy::default() };
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Container {
    /// MP4, MOV and their kin.
    Mp4,
    /// Matroska and `WebM`.
    Matroska,
    /// AVI.
    Avi,
    /// An MPEG transport stream.
    MpegTs,
}

impl Container {
    /// What ffmpeg's name of a demuxer stands for.
    pub(crate) fn of(demuxer: &str) -> Option<Self> {
        demuxer.split(',').find_map(|name| match name {
            "mov" | "mp4" => Some(Self::Mp4),
            "matroska" | "webm" => Some(Self::Matroska),
            "avi" => Some(Self::Avi),
            "mpegts" => Some(Self::MpegTs),
            _ => None,
        })
    }
}

/// The codecs of pictures that are accepted.
///
/// ```
/// assert_eq!(stagemark_media::VideoCodec::H264.to_string(), "H.264");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VideoCodec {
    /// H.264, AVC.
    H264,
    /// H.265, HEVC.
    Hevc,
    /// VP8.
    Vp8,
    /// VP9.
    Vp9,
    /// AV1.
    Av1,
    /// MPEG-4 part 2 (`DivX`, Xvid).
    Mpeg4,
}

impl VideoCodec {
    /// What the four letters in an MP4 stand for, if steps make videos of it.
    pub(crate) fn of_atom(letters: [u8; 4]) -> Option<Self> {
        Some(match &letters {
            b"avc1" | b"avc3" => Self::H264,
            b"av01" => Self::Av1,
            b"vp09" => Self::Vp9,
            _ => return None,
        })
    }

    /// What ffmpeg's name of a codec stands for.
    pub(crate) fn of(name: &str) -> Option<Self> {
        Some(match name {
            "h264" => Self::H264,
            "hevc" => Self::Hevc,
            "vp8" => Self::Vp8,
            "vp9" => Self::Vp9,
            "av1" => Self::Av1,
            "mpeg4" => Self::Mpeg4,
            _ => return None,
        })
    }
}

impl fmt::Display for VideoCodec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::H264 => "H.264",
            Self::Hevc => "HEVC",
            Self::Vp8 => "VP8",
            Self::Vp9 => "VP9",
            Self::Av1 => "AV1",
            Self::Mpeg4 => "MPEG-4",
        })
    }
}
