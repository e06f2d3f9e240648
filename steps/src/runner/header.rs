//! What a file declares of itself, as ffprobe tells it.

use std::time::Duration;

use serde::{Deserialize, Deserializer};

use crate::FrameRate;

/// What a file declares of itself.
#[derive(Debug, Deserialize)]
pub(crate) struct Header {
    pub(crate) format: Format,
    #[serde(default)]
    pub(crate) streams: Vec<Stream>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Format {
    #[serde(rename = "format_name")]
    pub(crate) demuxer: String,
    #[serde(default, deserialize_with = "seconds")]
    pub(crate) duration: Option<Duration>,
    #[serde(default)]
    start_time: String,
}

impl Format {
    /// The time that ffmpeg takes for zero, in seconds; it may be less than zero.
    pub(crate) fn begin(&self) -> Option<f64> {
        self.start_time.parse().ok().filter(|begin: &f64| begin.is_finite())
    }
}

/// One stream as it is declared.
#[derive(Debug, Deserialize)]
pub(crate) struct Stream {
    pub(crate) index: u32,
    #[serde(default)]
    codec_type: String,
    #[serde(default)]
    pub(crate) codec_name: String,
    #[serde(default)]
    pub(crate) width: u32,
    #[serde(default)]
    pub(crate) height: u32,
    #[serde(default)]
    color_space: String,
    #[serde(default)]
    sample_aspect_ratio: String,
    #[serde(default)]
    avg_frame_rate: String,
    #[serde(default)]
    nb_frames: String,
    #[serde(default, deserialize_with = "seconds")]
    pub(crate) duration: Option<Duration>,
    #[serde(default)]
    disposition: Disposition,
    #[serde(default)]
    side_data_list: Vec<SideData>,
    #[serde(default)]
    tags: Tags,
}

#[derive(Debug, Default, Deserialize)]
struct Disposition {
    #[serde(default)]
    attached_pic: u8,
}

#[derive(Debug, Deserialize)]
struct SideData {
    #[serde(default)]
    rotation: f64,
}

#[derive(Debug, Default, Deserialize)]
struct Tags {
    #[serde(default)]
    rotate: String,
}

impl Stream {
    /// The name of its codec, for people.
    pub(crate) fn codec(&self) -> &str {
        if self.codec_name.is_empty() { "something unknown" } else { &self.codec_name }
    }

    /// Whether it does not say how its colours are to be read.
    pub(crate) fn is_untagged(&self) -> bool {
        matches!(self.color_space.as_str(), "" | "unknown")
    }

    pub(crate) fn is_cover(&self) -> bool {
        self.disposition.attached_pic != 0
    }

    pub(crate) fn is_video(&self) -> bool {
        self.codec_type == "video"
    }

    pub(crate) fn is_audio(&self) -> bool {
        self.codec_type == "audio"
    }

    pub(crate) fn frame_rate(&self) -> Option<FrameRate> {
        FrameRate::parse(&self.avg_frame_rate)
    }

    pub(crate) fn frames(&self) -> Option<u64> {
        self.nb_frames.parse().ok()
    }

    /// Width and height as shown: turned upright, and with square pixels, of which the nearest number counts.
    pub(crate) fn shown(&self) -> (u64, u64) {
        let (width, height) = (u64::from(self.width), u64::from(self.height));
        let width = match self.sample_aspect_ratio.split_once(':').map(|(n, d)| (n.parse::<u64>(), d.parse::<u64>())) {
            Some((Ok(num), Ok(den))) if num > 0 && den > 0 => (width.saturating_mul(num).saturating_add(den / 2)) / den,
            _ => width,
        };
        if self.lies_on_its_side() { (height, width) } else { (width, height) }
    }

    fn lies_on_its_side(&self) -> bool {
        let tagged = self.tags.rotate.parse().unwrap_or(0.0);
        let turn: f64 =
            self.side_data_list.iter().map(|side| side.rotation).find(|turn| *turn != 0.0).unwrap_or(tagged);
        ((turn / 90.0).round().abs() % 2.0) > 0.5
    }
}

/// ffprobe writes times as text; `N/A` and what is no time is none.
fn seconds<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
    let text = String::deserialize(from)?;
    Ok(text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()))
}
