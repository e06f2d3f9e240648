//! Segments of a long source: each is encoded as a task of its own, and all are joined without encoding again.
//!
//! A segment is a range of the pictures that the whole will have, at its one rate. It begins where decoding can begin, and
//! is decoded from there on until its last picture is known, so that a segment's pictures are those that the whole
//! source, encoded in one go, has there.

mod encode;
mod join;
mod plan;

pub use encode::EncodeSegment;
pub use join::JoinSegments;
pub use plan::PlanSegments;

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{FrameRate, Video};

/// Which part of a source a segment is.
///
/// ```
/// use stagemark_media::Span;
///
/// fn is_last(span: &Span) -> bool {
///     span.number + 1 == span.of
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Span {
    /// Which segment it is, from 0.
    pub number: u32,
    /// How many segments there are.
    pub of: u32,
    /// Which picture of the whole is its first.
    pub first: u64,
    /// How many pictures it has at the rate of the whole.
    pub frames: u64,
    /// How many pictures of the source are shown in its time; as many as it has, where the source's rate is constant.
    pub pictures: u64,
    /// How many pictures a second the whole has.
    pub rate: FrameRate,
}

impl Span {
    /// How long it lasts.
    fn duration(&self) -> Duration {
        self.time_of_end().saturating_sub(self.rate.time_of(self.first))
    }

    /// When it ends in the whole.
    fn time_of_end(&self) -> Duration {
        self.rate.time_of(self.first + self.frames)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { number, of, first, frames, rate, .. } = self;
        write!(f, "segment {number} of {of} with {frames} pictures from {first} on at {rate}")
    }
}

/// A segment of a source, to be encoded; made by [`PlanSegments`].
///
/// ```
/// use stagemark_media::Segment;
///
/// fn progress(segment: &Segment) -> String {
///     format!("{} of {}", segment.span.number + 1, segment.span.of)
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Segment {
    /// The whole source.
    pub source: Video,
    /// Which part of it.
    pub span: Span,
    /// Where it is read from; `None` from the beginning.
    key: Option<Entry>,
}

/// Where reading may begin in the middle of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    /// A time, from the beginning of the file, from which a seek finds this key picture or one before it.
    seek: Duration,
    /// When the whole begins, in microseconds of the file's own clock.
    zero_micros: i64,
}

/// A segment that was encoded, by itself and without sound; made by [`EncodeSegment`].
///
/// ```
/// use stagemark_media::EncodedSegment;
///
/// fn bytes(segments: &[EncodedSegment]) -> u64 {
///     segments.iter().map(|segment| segment.video.artifact.size_bytes).sum()
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EncodedSegment {
    /// Which part of the source it is.
    pub span: Span,
    /// Its pictures.
    pub video: Video,
}

/// How many pictures a video has at this rate: as many as an encoding in one go makes.
pub(crate) fn whole(video: &Video, rate: FrameRate) -> u64 {
    rate.frames_in(Duration::from_micros(u64::try_from((video.duration.as_nanos() + 500) / 1000).unwrap_or(u64::MAX)))
}
