//! A ladder of renditions for HTTP Live Streaming (RFC 8216): each is encoded as a task of its own, then all are packaged.
//!
//! The pictures of all renditions have their key pictures at the same places, a media segment apart, so that a player may
//! go from one rendition to another wherever a media segment ends.

mod encode;
mod ladder;
mod package;
mod playlist;

pub use encode::EncodeRendition;
pub use ladder::PlanLadder;
pub use package::PackageHls;

use serde::{Deserialize, Serialize};
use stagemark::Artifact;

use crate::Video;

/// One way in which a video is offered: its size, and how many bits a second it may take.
///
/// ```
/// use stagemark_media::Rendition;
///
/// let hd = Rendition::new(1280, 720, 2_800_000);
/// assert_eq!(hd.height_px, 720);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Rendition {
    /// Its width.
    pub width_px: u32,
    /// Its height.
    pub height_px: u32,
    /// The most bits that its pictures take in a second, over any two seconds.
    pub bitrate_bps: u32,
}

impl Rendition {
    /// Of this width, height and bit rate.
    pub const fn new(width_px: u32, height_px: u32, bitrate_bps: u32) -> Self {
        Self { width_px, height_px, bitrate_bps }
    }
}

/// A rendition of a source, to be encoded; made by [`PlanLadder`].
///
/// ```
/// use stagemark_media::Rung;
///
/// fn is_as_large_as_the_source(rung: &Rung) -> bool {
///     rung.rendition.height_px == rung.source.height_px
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Rung {
    /// The source.
    pub source: Video,
    /// What is made of it.
    pub rendition: Rendition,
}

/// The pictures of a rendition; made by [`EncodeRendition`].
///
/// ```
/// use stagemark_media::EncodedRendition;
///
/// fn bytes(renditions: &[EncodedRendition]) -> u64 {
///     renditions.iter().map(|rendition| rendition.video.artifact.size_bytes).sum()
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EncodedRendition {
    /// What was made.
    pub rendition: Rendition,
    /// Its pictures, in a file without sound.
    pub video: Video,
    /// How many pictures there are from one key picture to the next.
    pub key_interval: u64,
}

/// A video as players of HTTP Live Streaming load it; made by [`PackageHls`].
///
/// The playlists name what they need by file names alone: serve all artifacts from one folder, under the last part of
/// their keys.
///
/// ```
/// use stagemark::Artifact;
/// use stagemark_media::Hls;
///
/// fn all(hls: &Hls) -> Vec<&Artifact> {
///     let tracks = hls.variants.iter().chain(&hls.sound);
///     let files = tracks.flat_map(|track| [&track.playlist, &track.setup].into_iter().chain(&track.segments));
///     std::iter::once(&hls.master).chain(files).collect()
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Hls {
    /// The master playlist, which a player begins with.
    pub master: Artifact,
    /// The pictures, a track for each rendition, in the order of the ladder.
    pub variants: Vec<HlsTrack>,
    /// The sound, if there is any.
    pub sound: Option<HlsTrack>,
}

/// The pictures of one rendition, or the sound, in fragmented MP4; see [`Hls`].
///
/// ```
/// use stagemark_media::HlsTrack;
///
/// fn megabits_a_second(track: &HlsTrack) -> f64 {
///     track.peak_bps as f64 / 1e6
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HlsTrack {
    /// The media playlist.
    pub playlist: Artifact,
    /// How a decoder is set up.
    pub setup: Artifact,
    /// The media segments, in order.
    pub segments: Vec<Artifact>,
    /// How many bits a second the largest media segment takes.
    pub peak_bps: u64,
    /// How many bits a second they take on the average.
    pub average_bps: u64,
}
