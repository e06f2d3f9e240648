//! How pictures are encoded.

use crate::VideoCodec;

/// How pictures are encoded, with 8 bits and 4:2:0, in an MP4 that plays while it loads.
///
/// H.264 plays everywhere; [AV1](Self::av1) and [VP9](Self::vp9) need fewer bytes and more time.
///
/// ```
/// use stagemark_media::{Codec, Encoding};
///
/// let small = Encoding { crf: 28, ..Encoding::default() };
/// assert_eq!((small.codec, small.preset), (Codec::H264, "fast"));
/// assert_eq!(Encoding::av1().codec, Codec::Av1);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoding {
    /// The codec; default H.264.
    pub codec: Codec,
    /// How hard the encoder tries, in its own words: `ultrafast` to `veryslow` for H.264 (default `fast`), `13`
    /// (quick) to `0` for AV1, `8` to `0` for VP9.
    pub preset: &'static str,
    /// The quality: 0 is the best, and lossless for H.264; the worst is 51 for H.264 (default 21), 63 for the others.
    pub crf: u8,
}

/// The codecs that pictures can be encoded with.
///
/// ```
/// assert_eq!(stagemark_media::Codec::default(), stagemark_media::Codec::H264);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Codec {
    /// H.264, by x264.
    #[default]
    H264,
    /// AV1, by SVT-AV1.
    Av1,
    /// VP9, by libvpx.
    Vp9,
}

impl Default for Encoding {
    fn default() -> Self {
        Self { codec: Codec::H264, preset: "fast", crf: 21 }
    }
}

impl Encoding {
    /// For what is encoded again by a later step: quick and near the original, at three times the size.
    pub const BETWEEN: Self = Self { codec: Codec::H264, preset: "superfast", crf: 15 };

    /// Loses nothing, at many times the size; few players show it.
    pub const LOSSLESS: Self = Self { codec: Codec::H264, preset: "ultrafast", crf: 0 };

    /// AV1 of about the quality of the default, at about two thirds of its size.
    pub const fn av1() -> Self {
        Self { codec: Codec::Av1, preset: "8", crf: 32 }
    }

    /// VP9 of about the quality of the default.
    pub const fn vp9() -> Self {
        Self { codec: Codec::Vp9, preset: "4", crf: 32 }
    }

    /// The usual one for a video that is encoded so.
    pub(crate) fn of(codec: VideoCodec) -> Self {
        match codec {
            VideoCodec::Av1 => Self::av1(),
            VideoCodec::Vp9 => Self::vp9(),
            _ => Self::default(),
        }
    }

    /// What ffmpeg is told of it.
    pub(crate) fn args(&self) -> Vec<String> {
        let crf = self.crf.min(if self.codec == Codec::H264 { 51 } else { 63 }).to_string();
        let words: &[&str] = match self.codec {
            // Parameter sets that do not depend on the quality: parts encoded apart can be joined.
            Codec::H264 => &["-preset", self.preset, "-crf", &crf, "-x264-params", "stitchable=1"],
            Codec::Av1 => &["-preset", self.preset, "-crf", &crf],
            Codec::Vp9 => &["-deadline", "good", "-cpu-used", self.preset, "-row-mt", "1", "-b:v", "0", "-crf", &crf],
        };
        let first = ["-c:v", self.codec.encoder(), "-pix_fmt", "yuv420p"];
        first.iter().chain(words).map(|word| (*word).to_owned()).collect()
    }
}

impl Codec {
    /// ffmpeg's name of the encoder.
    pub(crate) fn encoder(self) -> &'static str {
        match self {
            Self::H264 => "libx264",
            Self::Av1 => "libsvtav1",
            Self::Vp9 => "libvpx-vp9",
        }
    }

    /// What comes of it.
    pub(crate) fn video_codec(self) -> VideoCodec {
        match self {
            Self::H264 => VideoCodec::H264,
            Self::Av1 => VideoCodec::Av1,
            Self::Vp9 => VideoCodec::Vp9,
        }
    }
}
