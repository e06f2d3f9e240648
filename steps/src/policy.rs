//! What uploads are accepted, and why others are not.

use std::time::Duration;

use stagemark::Artifact;

use crate::{
    Audio, Container, FrameRate, MediaError, Video, VideoCodec, Workbench,
    error::Said,
    runner::{Header, Packets, Stream},
};

/// How much a file may fall short of what it declares: 5 %, or this.
const SHORT: Duration = Duration::from_millis(500);
/// The codecs of sound that are kept; others are left out.
const SOUND: [&str; 18] = [
    "aac",
    "mp3",
    "mp2",
    "opus",
    "vorbis",
    "flac",
    "alac",
    "ac3",
    "eac3",
    "amr_nb",
    "amr_wb",
    "pcm_s16le",
    "pcm_s16be",
    "pcm_u8",
    "pcm_s24le",
    "pcm_f32le",
    "pcm_mulaw",
    "pcm_alaw",
];

/// Which uploads are accepted; what is beyond it is refused with a [`MediaError`] that says so.
///
/// ```
/// use std::time::Duration;
/// use stagemark_media::{Policy, Probe};
///
/// let probe = Probe::new(Policy { duration_max: Duration::from_secs(600), ..Policy::default() });
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The most bytes; default 2 GiB.
    pub bytes_max: u64,
    /// The longest time; default 1 hour.
    pub duration_max: Duration,
    /// The most pictures a second; default 120.
    pub fps_max: u32,
    /// The most streams, of any kind; default 16, at most 32.
    pub streams_max: u32,
    /// The most pixels of a picture; default 4096 x 2304.
    pub pixels_max: u64,
    /// The longest side of a picture; default 4096.
    pub side_max_px: u32,
    /// The kinds of file; default all.
    pub containers: Vec<Container>,
    /// The codecs of pictures; default all.
    pub codecs: Vec<VideoCodec>,
}

impl Default for Policy {
    fn default() -> Self {
        use Container::{Avi, Matroska, Mp4, MpegTs};
        use VideoCodec::{Av1, H264, Hevc, Mpeg4, Vp8, Vp9};
        Self {
            bytes_max: 2 << 30,
            duration_max: Duration::from_hours(1),
            fps_max: 120,
            streams_max: 16,
            pixels_max: 4096 * 2304,
            side_max_px: 4096,
            containers: vec![Mp4, Matroska, Avi, MpegTs],
            codecs: vec![H264, Hevc, Vp8, Vp9, Av1, Mpeg4],
        }
    }
}

impl Policy {
    /// Looks into an upload that is in the folder, or what is needed of it: at what it declares and what it holds.
    ///
    /// One process reads both, since to start one costs more than to read most files; it ends where there are more
    /// packets than any accepted file has.
    pub(crate) async fn admit(
        &self,
        bench: &Workbench<'_>,
        source: &Artifact,
        name: &str,
    ) -> Result<Video, MediaError> {
        let packets_max = FrameRate::new(self.fps_max, 1).frames_in(self.duration_max).saturating_mul(2).max(1000);
        let (header, scan) = match bench.examine(name, packets_max).await {
            Err(costly @ MediaError::TooCostly { .. }) => {
                // What it declares may be a reason that says more.
                self.declared(&bench.header(name).await?)?;
                return Err(costly);
            }
            examined => examined?,
        };
        let (container, codec, stream) = self.declared(&header)?;
        let packets = scan.of(stream.index, container, header.format.begin());
        self.held(&header, stream, &packets)?;
        let duration = packets.duration();
        let (width, height) = stream.shown();
        Ok(Video {
            artifact: source.clone(),
            container,
            codec,
            plain: false,
            untagged: stream.is_untagged(),
            stream: stream.index,
            width_px: u32::try_from(width).unwrap_or(u32::MAX),
            height_px: u32::try_from(height).unwrap_or(u32::MAX),
            frames: packets.frames,
            frame_rate: FrameRate::measured(packets.frames, duration, stream.frame_rate()),
            lead: packets.lead(),
            duration,
            audio: header.streams.iter().find(|stream| is_sound(stream)).map(sound),
            digest: None,
        })
    }

    /// Looks at the size of an upload, before it is fetched.
    pub(crate) fn weigh(&self, bytes: u64) -> Result<(), MediaError> {
        match bytes {
            0 => Err(MediaError::Empty),
            _ if bytes > self.bytes_max => Err(MediaError::TooLarge { bytes, max: self.bytes_max }),
            _ => Ok(()),
        }
    }

    fn declared<'h>(&self, header: &'h Header) -> Result<(Container, VideoCodec, &'h Stream), MediaError> {
        let format = &header.format.demuxer;
        let container = Container::of(format).filter(|container| self.containers.contains(container));
        let container = container.ok_or_else(|| MediaError::NotVideo { source: Said(format!("it is {format}")) })?;
        if header.streams.len() > self.streams_max as usize {
            return Err(MediaError::TooManyStreams { max: self.streams_max });
        }
        let stream = moving(&header.streams)?;
        let codec = VideoCodec::of(&stream.codec_name).filter(|codec| self.codecs.contains(codec));
        let codec = codec.ok_or_else(|| MediaError::Codec { codec: stream.codec().to_owned() })?;
        self.measure(stream)?;
        let declared = stream.duration.into_iter().chain(header.format.duration).max().unwrap_or_default();
        if declared > self.duration_max {
            return Err(MediaError::TooLong { duration: declared, max: self.duration_max });
        }
        Ok((container, codec, stream))
    }

    fn measure(&self, stream: &Stream) -> Result<(), MediaError> {
        let stored = u64::from(stream.width) * u64::from(stream.height);
        let (width_px, height_px) = stream.shown();
        let (short, long) = (width_px.min(height_px), width_px.max(height_px));
        let pixels = stored.max(width_px.saturating_mul(height_px));
        if pixels <= self.pixels_max && short >= 16 && long <= u64::from(self.side_max_px) {
            return Ok(());
        }
        Err(MediaError::FrameSize { width_px, height_px, max_px: self.pixels_max, side_px: self.side_max_px })
    }

    fn held(&self, header: &Header, stream: &Stream, packets: &Packets) -> Result<(), MediaError> {
        let (duration, whole) = (packets.duration(), packets.whole());
        if packets.frames == 0 {
            return Err(MediaError::NoFrames);
        }
        if duration > self.duration_max {
            return Err(MediaError::TooLong { duration, max: self.duration_max });
        }
        falls_short(whole, header.format.duration)?;
        if let (Some(declared), Some(frames)) = (stream.duration, stream.frames())
            && packets.read < frames.saturating_sub(frames / 20)
        {
            return Err(MediaError::Truncated { found: duration, declared });
        }
        let rate = FrameRate::measured(packets.frames, duration, stream.frame_rate()).per_second();
        // A lone picture has no rate of its own, and a second of a camera's uneven clock may run over.
        if packets.frames > 2 && rate > f64::from(self.fps_max) * 1.01 {
            return Err(MediaError::Fps { fps: rate, max: self.fps_max });
        }
        Ok(())
    }
}

/// Refuses what ends well before the time it declares.
pub(crate) fn falls_short(found: Duration, declared: Option<Duration>) -> Result<(), MediaError> {
    match declared {
        Some(declared) if found + SHORT.max(declared / 20) < declared => Err(MediaError::Truncated { found, declared }),
        _ => Ok(()),
    }
}

/// The first stream of moving pictures: the cover of an album is one to ffmpeg, not to us.
fn moving(streams: &[Stream]) -> Result<&Stream, MediaError> {
    let mut pictures = streams.iter().filter(|stream| stream.is_video()).peekable();
    if pictures.peek().is_none() {
        return Err(MediaError::NoVideo);
    }
    pictures.find(|stream| !stream.is_cover()).ok_or(MediaError::CoverArt)
}

fn is_sound(stream: &Stream) -> bool {
    stream.is_audio() && SOUND.contains(&stream.codec_name.as_str())
}

fn sound(stream: &Stream) -> Audio {
    Audio { stream: stream.index, codec: stream.codec_name.clone() }
}
