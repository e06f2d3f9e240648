//! Asks ffprobe about a file.

use std::process::Command;

use super::{
    Header, Limits, Scan, Timeline, Workbench,
    bench::check_name,
    child::{Ended, Watch},
    ffmpeg::{ALLOC_BYTES_MAX, DEMUXERS, PIXELS_MAX, STREAMS_MAX},
    verdict::judge_ffprobe,
};
use crate::{MediaError, error::Said};

/// The fields that are asked for; what a file's tags say is not among them.
const FIELDS: &str = "format=format_name,duration,start_time:stream=index,codec_type,codec_name,width,height,color_space,\
    sample_aspect_ratio,avg_frame_rate,nb_frames,duration:stream_disposition=attached_pic:\
    stream_side_data=rotation:stream_tags=rotate";
/// The fields of each packet.
const PACKETS: &str = "packet=codec_type,stream_index,pts_time,dts_time,duration_time,flags";
const PACKETS_BEGIN: &str = "    \"packets\": [";
const PACKETS_END: &str = "    ]";
/// The most that ffprobe may answer about a file's streams.
const HEADER_BYTES_MAX: usize = 1 << 20;

impl Workbench<'_> {
    /// What a file of the scratch folder declares.
    pub(crate) async fn header(&self, name: &str) -> Result<Header, MediaError> {
        let mut json = Json::default();
        let ended = self.ffprobe(name, FIELDS, |line| json.hear(line)).await?;
        judge_ffprobe(ended)?;
        json.header()
    }

    /// What a file of the scratch folder declares, and what it holds, by one process: reading stops when a stream has
    /// more than `most` packets.
    pub(crate) async fn examine(&self, name: &str, most: u64) -> Result<(Header, Scan), MediaError> {
        let mut scan = Scan::default();
        let hear = |line: &str| {
            if scan.hear(line) > most { Err(MediaError::TooCostly { what: "time" }) } else { Ok(()) }
        };
        Ok((self.packets(name, hear).await?, scan))
    }

    /// When the pictures of this stream are shown, and at which of them decoding can begin; there may be at most so many.
    pub(crate) async fn timeline(&self, name: &str, stream: u32, most: u64) -> Result<Timeline, MediaError> {
        let mut timeline = Timeline::of(stream);
        let hear = |line: &str| {
            if timeline.hear(line) > most { Err(MediaError::TooCostly { what: "time" }) } else { Ok(()) }
        };
        let header = self.packets(name, hear).await?;
        Ok(timeline.from(header.format.begin()))
    }

    /// What a file declares; `hear` is told each line of its packets.
    async fn packets(
        &self,
        name: &str,
        mut hear: impl FnMut(&str) -> Result<(), MediaError> + Send,
    ) -> Result<Header, MediaError> {
        let (mut json, mut lines, mut in_packets) = (Json::default(), 0_u64, false);
        let hear = |line: &str| {
            lines += 1;
            if lines.is_multiple_of(4096) {
                self.attempt().heartbeat();
            }
            match (lines, in_packets) {
                // The packets come first, between two lines that nothing within them is like.
                (2, _) if line == PACKETS_BEGIN => in_packets = true,
                (_, true) if line.starts_with(PACKETS_END) => in_packets = false,
                (_, true) => return hear(line),
                (_, false) => return json.hear(line),
            }
            Ok(())
        };
        let ended = self.ffprobe(name, &format!("{PACKETS}:{FIELDS}"), hear).await?;
        judge_ffprobe(ended)?;
        json.header()
    }

    async fn ffprobe(
        &self,
        name: &str,
        entries: &str,
        line: impl FnMut(&str) -> Result<(), MediaError> + Send,
    ) -> Result<Ended, MediaError> {
        check_name(name)?;
        let mut command = Command::new(&self.tools().ffprobe);
        let streams = STREAMS_MAX.to_string();
        command.args(["-v", "error", "-protocol_whitelist", "file", "-format_whitelist", DEMUXERS]);
        command.args(["-max_alloc", ALLOC_BYTES_MAX, "-max_pixels", PIXELS_MAX, "-max_streams", &streams]);
        command.args(["-show_entries", entries, "-of", "json=compact=1", "-i", &self.url(name)]);
        let limits = Limits::probing();
        let command = self.confine(&command, &limits);
        Watch { program: "ffprobe", attempt: self.attempt(), wall: limits.wall }.run(command, line).await
    }
}

/// What ffprobe answers about a file's streams, line by line.
#[derive(Default)]
struct Json(String);

impl Json {
    fn hear(&mut self, line: &str) -> Result<(), MediaError> {
        self.0.push_str(line);
        self.0.push('\n');
        if self.0.len() > HEADER_BYTES_MAX {
            return Err(MediaError::TooManyStreams { max: STREAMS_MAX });
        }
        Ok(())
    }

    fn header(&self) -> Result<Header, MediaError> {
        serde_json::from_str(&self.0).map_err(|error| MediaError::NotVideo { source: Said(error.to_string()) })
    }
}
