//! Asks ffprobe about a file.

use std::process::Command;

use super::{
    Header, Limits, Packets, Workbench,
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
/// The most that ffprobe may answer about a file's streams.
const HEADER_BYTES_MAX: usize = 1 << 20;

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
        judge_ffprobe(ended)?;
        serde_json::from_str(&json).map_err(|error| MediaError::NotVideo { source: Said(error.to_string()) })
    }

    /// What a file of the scratch folder holds; reading stops when a stream has more than `most` packets.
    pub(crate) async fn packets(&self, name: &str, mut packets: Packets, most: u64) -> Result<Packets, MediaError> {
        const ENTRIES: &str = "packet=stream_index,pts_time,dts_time,duration_time,flags";
        let mut lines = 0_u64;
        let ended = self
            .ffprobe(name, &["-show_entries", ENTRIES, "-of", "compact=p=0"], |line| {
                packets.hear(line);
                lines += 1;
                if lines.is_multiple_of(4096) {
                    self.attempt().heartbeat();
                }
                if packets.read > most || lines / u64::from(STREAMS_MAX) > most {
                    return Err(MediaError::TooCostly { what: "time" });
                }
                Ok(())
            })
            .await?;
        judge_ffprobe(ended).map(|()| packets)
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
        command.args(["-max_alloc", ALLOC_BYTES_MAX, "-max_pixels", PIXELS_MAX, "-max_streams", &streams]);
        command.args(what).args(["-i", &format!("file:{name}")]);
        let limits = Limits::probing();
        let command = self.tools().confine(&command, &limits, self.folder());
        Watch { program: "ffprobe", attempt: self.attempt(), wall: limits.wall }.run(command, line).await
    }
}
