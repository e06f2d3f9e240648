//! What ffprobe says of a file, as types.

use std::{process::Command, time::Duration};

use serde::{Deserialize, Deserializer};

use super::{
    Limits, Workbench,
    bench::check_name,
    child::{Ended, Watch},
    ffmpeg::{DEMUXERS, STREAMS_MAX},
};
use crate::{FrameRate, MediaError, error::Said};

/// The fields that are asked for; what a file's tags say is not among them.
const FIELDS: &str = "format=format_name,duration:stream=index,codec_type,codec_name,width,height,pix_fmt,\
    sample_aspect_ratio,avg_frame_rate,nb_frames,duration:stream_disposition=attached_pic:\
    stream_side_data=rotation:stream_tags=rotate";
/// The most that ffprobe may answer about a file's streams.
const HEADER_BYTES_MAX: usize = 1 << 20;

/// What a file declares of itself.
#[derive(Debug, Deserialize)]
pub(crate) struct Header {
    pub(crate) format: Format,
    #[serde(default)]
    pub(crate) streams: Vec<Stream>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Format {
    pub(crate) format_name: String,
    #[serde(default, deserialize_with = "seconds")]
    pub(crate) duration: Option<Duration>,
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
    pub(crate) pix_fmt: String,
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

    /// Width and height as shown: turned upright, and with square pixels.
    pub(crate) fn shown(&self) -> (u64, u64) {
        let (width, height) = (u64::from(self.width), u64::from(self.height));
        let width = match self.sample_aspect_ratio.split_once(':').map(|(n, d)| (n.parse::<u64>(), d.parse::<u64>())) {
            Some((Ok(num), Ok(den))) if num > 0 && den > 0 => width.saturating_mul(num) / den,
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

/// What a file holds, by its packets: what is there, not what is declared.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Packets {
    /// Pictures that are shown.
    pub(crate) frames: u64,
    /// Packets of the picture stream, those that an edit list hides included.
    pub(crate) read: u64,
    first: Option<f64>,
    last: f64,
    /// Where the last packet of any stream ends.
    whole: f64,
}

impl Packets {
    /// How long the shown pictures last.
    pub(crate) fn duration(&self) -> Duration {
        let length = self.last - self.first.unwrap_or(self.last);
        Duration::try_from_secs_f64(length.max(0.0)).unwrap_or_default()
    }

    /// How long the longest stream lasts, from the first picture on.
    pub(crate) fn whole(&self) -> Duration {
        let length = self.whole - self.first.unwrap_or(0.0);
        Duration::try_from_secs_f64(length.max(0.0)).unwrap_or_default()
    }

    /// Takes in a line of `stream_index=0|pts_time=0.04|dts_time=0.04|duration_time=0.04|flags=K_`.
    fn hear(&mut self, line: &str, stream: u32) {
        let field = |name: &str| line.split('|').find_map(|part| part.strip_prefix(name));
        let number = |name| field(name).and_then(|text| text.parse::<f64>().ok());
        let of_pictures = field("stream_index=").and_then(|index| index.parse().ok()) == Some(stream);
        let begin = number("pts_time=").or_else(|| number("dts_time="));
        let end = begin.map(|begin| begin + number("duration_time=").unwrap_or(0.0));
        self.whole = end.map_or(self.whole, |end| end.max(self.whole));
        if !of_pictures {
            return;
        }
        self.read += 1;
        if field("flags=").is_some_and(|flags| flags.contains('D')) {
            return;
        }
        self.frames += 1;
        if let (Some(begin), Some(end)) = (begin, end) {
            self.first = Some(self.first.map_or(begin, |first| first.min(begin)));
            self.last = if self.frames == 1 { end } else { end.max(self.last) };
        }
    }
}

impl Workbench<'_> {
    /// What a file of the scratch folder declares.
    pub(crate) async fn header(&self, name: &str) -> Result<Header, MediaError> {
        let mut json = String::new();
        let entries = ["-show_entries", FIELDS, "-of", "json=compact=1"];
        let ended = self
            .ffprobe(name, &entries, |line| {
                json.push_str(line);
                json.push('\n');
                if json.len() > HEADER_BYTES_MAX {
                    return Err(MediaError::TooManyStreams { max: STREAMS_MAX });
                }
                Ok(())
            })
            .await?;
        judge(ended)?;
        serde_json::from_str(&json).map_err(|error| MediaError::NotVideo { source: Said(error.to_string()) })
    }

    /// What a file of the scratch folder holds; reading stops when a stream has more than `packets_max` packets.
    pub(crate) async fn packets(&self, name: &str, stream: u32, packets_max: u64) -> Result<Packets, MediaError> {
        const ENTRIES: &str = "packet=stream_index,pts_time,dts_time,duration_time,flags";
        let (mut packets, mut lines) = (Packets::default(), 0_u64);
        let ended = self
            .ffprobe(name, &["-show_entries", ENTRIES, "-of", "compact=p=0"], |line| {
                packets.hear(line, stream);
                lines += 1;
                if lines % 4096 == 0 {
                    self.attempt().heartbeat();
                }
                if packets.read > packets_max || lines / u64::from(STREAMS_MAX) > packets_max {
                    return Err(MediaError::TooCostly { what: "time" });
                }
                Ok(())
            })
            .await?;
        judge(ended).map(|()| packets)
    }

    async fn ffprobe(
        &self,
        name: &str,
        what: &[&str],
        line: impl FnMut(&str) -> Result<(), MediaError> + Send,
    ) -> Result<Ended, MediaError> {
        check_name(name)?;
        let mut command = Command::new(&self.tools().ffprobe);
        let streams = STREAMS_MAX.to_string();
        command.args(["-v", "error", "-protocol_whitelist", "file", "-format_whitelist", DEMUXERS]);
        command.args(["-max_streams", &streams]).args(what).args(["-i", &format!("file:{name}")]);
        let limits = Limits::probing();
        let command = self.tools().confine(&command, &limits, self.folder());
        Watch { program: "ffprobe", attempt: self.attempt(), wall: limits.wall }.run(command, line).await
    }
}

fn judge(Ended { status, said }: Ended) -> Result<(), MediaError> {
    use std::os::unix::process::ExitStatusExt;
    if status.success() {
        return Ok(());
    }
    match (status.signal(), status.code()) {
        (Some(24), _) => Err(MediaError::TooCostly { what: "time" }),
        (_, Some(1)) if said.contains("max_streams") => Err(MediaError::TooManyStreams { max: STREAMS_MAX }),
        (_, Some(1)) if said.contains("Cannot allocate memory") => Err(MediaError::TooCostly { what: "memory" }),
        (_, Some(1)) => Err(MediaError::NotVideo { source: Said(said) }),
        _ => Err(MediaError::Failed { program: "ffprobe", status: status.to_string(), said }),
    }
}

/// ffprobe writes times as text; `N/A` and what is no time is none.
fn seconds<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
    let text = String::deserialize(from)?;
    Ok(text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()))
}
