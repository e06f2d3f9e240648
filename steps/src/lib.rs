//! The media steps of Stagemark, on ffmpeg.
//!
//! Each step takes a video and makes a video, checks what it made, and puts it into the artifact store:
//!
//! | step | what it does |
//! |---|---|
//! | [`Probe`] | says what an upload is, or refuses it |
//! | [`Trim`] | cuts to a length, to the frame |
//! | [`Edit`] | brings into one size, rate and encoding |
//! | [`RemoveAudio`] | takes the sound away |
//! | [`Watermark`] | lays a logo over it |
//! | [`Bumpers`] | puts an opening before it and a closing after it |
//! | [`Loudness`] | brings the sound to one loudness |
//! | [`Finish`] | checks it before anybody sees it |
//! | [`TakePoster`], [`DrawSprites`], [`CutPreview`] | make what a page shows before it plays |
//! | [`PlanSegments`], [`EncodeSegment`], [`JoinSegments`] | encode a long video in segments, each a task of its own |
//! | [`PlanLadder`], [`EncodeRendition`], [`PackageHls`] | offer a video in several sizes, by HTTP Live Streaming |
//! | [`Quality`] | reports how near a video is to what it was made from |
//!
//! Neighbours of the first eight are of one [family](Media): the engine runs them in one pass, which decodes and encodes
//! once, by three processes from an upload to a finished video with bumpers. The pictures are the same as those of the
//! steps one by one.
//!
//! What a step made is [kept](Kept) for later runs over the same content where it is asked to be.
//!
//! Every upload is taken for hostile. A file that is refused gets a permanent [`MediaError`], one sentence that can
//! be shown to whoever sent it. Steps of your own get the same protection from a [`Workbench`].

pub mod assets;
mod audio;
mod bumpers;
mod cut;
mod edit;
mod error;
mod excerpt;
mod finish;
mod frame_rate;
mod hls;
mod kept;
mod loudness;
mod pass;
mod policy;
mod poster;
mod preview;
mod probe;
mod quality;
mod runner;
mod segments;
mod splice;
mod sprites;
mod trim;
mod video;
mod watermark;

use std::time::Duration;

pub use audio::RemoveAudio;
pub use bumpers::Bumpers;
pub use edit::Edit;
pub use error::{MediaError, Said};
pub use finish::Finish;
pub use frame_rate::FrameRate;
pub use hls::{EncodeRendition, EncodedRendition, Hls, HlsTrack, PackageHls, PlanLadder, Rendition, Rung};
pub use kept::Kept;
pub use loudness::Loudness;
pub use pass::{Footage, Media, Part};
pub use policy::Policy;
pub use poster::{Poster, TakePoster};
pub use preview::{CutPreview, Preview};
pub use probe::Probe;
pub use quality::{Quality, Report};
pub use runner::{Codec, Encoding, Expect, Ffmpeg, Limits, Made, Workbench};
pub use segments::{EncodeSegment, EncodedSegment, JoinSegments, PlanSegments, Segment, Span};
pub use sprites::{DrawSprites, Sprites};
use stagemark::{Backoff, Options};
pub use trim::Trim;
pub use video::{Audio, Container, Source, Upload, Video, VideoCodec};
pub use watermark::{Place, Watermark};

/// The options that suit a step which runs ffmpeg: half an hour, 3 attempts, and a sign of life every two minutes.
///
/// ```
/// assert_eq!(stagemark_media::options().attempts, 3);
/// ```
pub fn options() -> Options {
    Options {
        timeout: Duration::from_mins(30),
        attempts: 3,
        backoff: Backoff::exponential(Duration::from_secs(2)),
        heartbeat: Some(Duration::from_mins(2)),
        ..Options::default()
    }
}
