//! Why a file is refused, and what else can go wrong with a media step.

use std::{io, time::Duration};

use stagemark::{StepError, ports::ArtifactError};

use crate::VideoCodec;

/// Why a media step did not make what it should.
///
/// What is wrong with the file is [permanent](Self::is_permanent): one sentence that says what is wrong and what would
/// be accepted, fit to be shown to whoever sent the file. The rest may pass when it is tried again.
///
/// ```
/// use stagemark_media::MediaError;
///
/// assert!(MediaError::Empty.is_permanent());
/// assert_eq!(MediaError::Empty.to_string(), "the file is empty: send a video in mp4, mov, mkv, webm, avi or ts");
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MediaError {
    /// The file has no bytes.
    #[error("the file is empty: send a video in mp4, mov, mkv, webm, avi or ts")]
    Empty,
    /// The file has more bytes than allowed.
    #[error("the file has {bytes} bytes: send one of at most {max}")]
    TooLarge {
        /// What it has.
        bytes: u64,
        /// What it may have.
        max: u64,
    },
    /// The bytes are no video of a kind that is accepted: random bytes, a picture, a playlist, a script.
    #[error("the file is no video that can be read: send mp4, mov, mkv, webm, avi or ts")]
    NotVideo {
        /// What ffmpeg said, for the operator.
        source: Said,
    },
    /// There are more streams than allowed.
    #[error("the file has more than {max} streams: send one with a video and at most a few sound tracks")]
    TooManyStreams {
        /// How many it may have.
        max: u32,
    },
    /// There is no stream of pictures.
    #[error("the file holds no video, only sound or text: send one with pictures that move")]
    NoVideo,
    /// The only pictures are the cover of an album.
    #[error("the file holds sound and a cover picture alone: send one with pictures that move")]
    CoverArt,
    /// The codec of the pictures is not accepted.
    #[error("the video is encoded as {codec}: send H.264, HEVC, VP8, VP9, AV1 or MPEG-4")]
    Codec {
        /// The codec, as ffmpeg names it.
        codec: String,
    },
    /// The pictures are too big or too small.
    #[error(
        "the video is {width_px}x{height_px}: send one of 16x16 to {max_px} pixels a picture, no side over {side_px}"
    )]
    FrameSize {
        /// The width as shown.
        width_px: u64,
        /// The height as shown.
        height_px: u64,
        /// The most pixels a picture may have.
        max_px: u64,
        /// The longest a side may be.
        side_px: u32,
    },
    /// There are too many pictures a second.
    #[error("the video has {fps:.1} pictures a second: send one of at most {max}")]
    Fps {
        /// What it has.
        fps: f64,
        /// What it may have.
        max: u32,
    },
    /// The video lasts too long.
    #[error("the video lasts {}: send one of at most {}", clock(*.duration), clock(*.max))]
    TooLong {
        /// What it lasts, or what it declares.
        duration: Duration,
        /// What it may last.
        max: Duration,
    },
    /// There is a stream of pictures without a picture.
    #[error("the video has no pictures in it: send one that plays")]
    NoFrames,
    /// The file ends before what it declares.
    #[error("the file is cut off: {} of {} can be read, so send it again, whole", clock(*.found), clock(*.declared))]
    Truncated {
        /// How much there is.
        found: Duration,
        /// How much it declares.
        declared: Duration,
    },
    /// The file cannot be decoded.
    #[error("the file is damaged and cannot be decoded: export it again and send that")]
    Damaged {
        /// What ffmpeg said, for the operator.
        source: Said,
    },
    /// To decode it takes more time or memory of a computer than a video should.
    #[error("the file takes too much {what} to decode: export it at a common size, such as 1920x1080, and send that")]
    TooCostly {
        /// What ran out: time, memory, room.
        what: &'static str,
    },
    /// A trim begins after the end.
    #[error("the video lasts {}, so nothing is left from {} on: begin earlier", clock(*.duration), clock(*.start))]
    NothingLeft {
        /// What it lasts.
        duration: Duration,
        /// Where the trim begins.
        start: Duration,
    },
    /// Only what a media step made can be joined without encoding it again.
    #[error("this {codec} video cannot be joined with bumpers: put Edit before Bumpers")]
    NotEdited {
        /// How the video is encoded.
        codec: VideoCodec,
    },
    /// Bumpers are to be encoded with another codec than the video has.
    #[error("bumpers in {bumpers} cannot be joined to a video in {video}: give both the same encoding")]
    OtherCodec {
        /// How the bumpers would be encoded.
        bumpers: VideoCodec,
        /// How the video is encoded.
        video: VideoCodec,
    },
    /// What is to be joined are not the segments that the source was cut into.
    #[error(
        "the segments are not those of the video: place {place} has {found}, and should have {expected}; join all \
         that were planned, each once and in order"
    )]
    NotTheSegments {
        /// Which place in the list, from 0.
        place: u32,
        /// What is there.
        found: String,
        /// What should be there.
        expected: String,
    },
    /// Segments that were encoded in different ways cannot be joined.
    #[error("segment {segment} is encoded in another way than the first: encode all with the same parameters")]
    OtherParameters {
        /// Which segment, from 0.
        segment: u32,
    },
    /// This ffmpeg cannot encode so.
    #[error("this ffmpeg has no encoder {encoder}: install one that has it, or choose another codec")]
    EncoderMissing {
        /// ffmpeg's name of the encoder.
        encoder: String,
    },
    /// There is no sound to work on.
    #[error("the video has no sound")]
    NoSound,
    /// The picture to be laid over a video, or a bumper, is of no kind that is known.
    #[error("the {what} is neither a PNG nor a video: give the bytes of one")]
    BadAsset {
        /// Which it is: logo, intro, outro.
        what: &'static str,
    },
    /// What was made, or is about to be delivered, is not what it should be.
    #[error("the finished file is not as it should be: its {what} is {found}, and should be {expected}")]
    Wrong {
        /// What differs.
        what: &'static str,
        /// What it is.
        found: String,
        /// What it should be.
        expected: String,
    },
    /// A file name that is not plain was asked for in a scratch folder.
    #[error("{name} is no plain file name: use lower-case letters, digits, dots, dashes and underscores")]
    BadName {
        /// The name.
        name: String,
    },
    /// A program that the steps need is not installed.
    #[error("{program} was not found on the PATH: install the package {package}")]
    ToolMissing {
        /// The program.
        program: &'static str,
        /// The package of Debian and Ubuntu that has it.
        package: &'static str,
    },
    /// The program could not be started.
    #[error("{program} could not be started")]
    Start {
        /// The program.
        program: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The program ended with an error.
    #[error("{program} failed with {status}: {said}")]
    Failed {
        /// The program.
        program: &'static str,
        /// How it ended.
        status: String,
        /// The last it said.
        said: String,
    },
    /// The program took longer than it may.
    #[error("{program} took longer than {} and was stopped", clock(*.limit))]
    TimedOut {
        /// The program.
        program: &'static str,
        /// What it may take.
        limit: Duration,
    },
    /// The program said more than it may.
    #[error("{program} answered with more than can be read")]
    TooTalkative {
        /// The program.
        program: &'static str,
    },
    /// The run was cancelled, or its worker shuts down.
    #[error("the attempt was told to stop")]
    Cancelled,
    /// The disk of the scratch folder is full.
    #[error("the disk of the scratch folder is full: the attempt needs room of about three times the video")]
    NoRoom {
        /// What the system or ffmpeg said.
        source: Said,
    },
    /// A file of the scratch folder could not be written or read.
    #[error("{name} of the scratch folder could not be written or read")]
    Scratch {
        /// The file.
        name: String,
        /// What the system said.
        source: io::Error,
    },
    /// The artifact store did not do what was asked.
    #[error("the artifact store did not do what was asked")]
    Store(#[from] ArtifactError),
}

impl MediaError {
    /// Whether trying again is pointless, because the fault is in the file or in the workflow.
    pub fn is_permanent(&self) -> bool {
        match self {
            Self::ToolMissing { .. }
            | Self::Start { .. }
            | Self::Failed { .. }
            | Self::TimedOut { .. }
            | Self::TooTalkative { .. }
            | Self::Cancelled
            | Self::NoRoom { .. }
            | Self::Scratch { .. } => false,
            Self::Store(source) => matches!(source, ArtifactError::Missing { .. } | ArtifactError::BadKey { .. }),
            _ => true,
        }
    }

    /// The same as a step answers it: permanent, or to be retried.
    pub fn into_step_error(self) -> StepError {
        if self.is_permanent() { StepError::permanent(self) } else { StepError::from(self) }
    }

    pub(crate) fn scratch(name: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let name = name.into();
        move |source| match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Self::NoRoom { source: Said(source.to_string()) }
            }
            _ => Self::Scratch { name, source },
        }
    }
}

/// The last that a program said; the cause in a chain of errors, for the operator.
///
/// ```
/// use std::error::Error;
/// use stagemark_media::MediaError;
///
/// fn log(refusal: &MediaError) -> Option<String> {
///     refusal.source().map(ToString::to_string)
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Said(pub(crate) String);

/// A time as people read it: `4.0 s`, `1:40:00 h`.
fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    if seconds < 60 {
        return format!("{:.1} s", time.as_secs_f64());
    }
    if seconds < 3600 {
        return format!("{}:{:02} min", seconds / 60, seconds % 60);
    }
    format!("{}:{:02}:{:02} h", seconds / 3600, seconds / 60 % 60, seconds % 60)
}
