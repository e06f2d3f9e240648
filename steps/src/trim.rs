//! Cuts a video to its length, to the frame.

use std::{fmt, marker::PhantomData, time::Duration};

use stagemark::{Attempt, Fusible, Name, Options, Step, StepError};

use crate::{
    Encoding, Media, Policy, Source, Video, options,
    pass::{self, Kind, Part},
};

/// Cuts a video to at most this long, to the frame, and makes it plain: upright, of square pixels, at a
/// [steady](crate::FrameRate::steady) rate, in MP4, with its sound as AAC.
///
/// Its input is an [`Upload`](crate::Upload), which it probes first, or a [`Video`]; what is shorter stays whole.
///
/// Of an MP4 or MOV of 4 MiB or more of which it keeps less than half, it fetches the index and what it keeps. (Not of one
/// in fragments, or of an otherwise unusual form.)
///
/// ```
/// use std::time::Duration;
/// use stagemark_media::{Trim, Upload};
///
/// let trim = Trim::<Upload>::to(Duration::from_secs(30)).starting_at(Duration::from_secs(5));
/// ```
pub struct Trim<I> {
    range: Range,
    input: PhantomData<fn(I)>,
}

/// What is kept, and how.
#[derive(Clone, Debug)]
pub(crate) struct Range {
    pub(crate) start: Duration,
    pub(crate) length: Duration,
    pub(crate) policy: Policy,
    pub(crate) encoding: Encoding,
}

impl<I> Trim<I> {
    /// At most this long, from the beginning.
    pub fn to(length: Duration) -> Self {
        let (start, policy) = (Duration::ZERO, Policy::default());
        Self { range: Range { start, length, policy, encoding: Encoding::BETWEEN }, input: PhantomData }
    }

    /// From here on (default: the beginning).
    #[must_use]
    pub fn starting_at(mut self, start: Duration) -> Self {
        self.range.start = start;
        self
    }

    /// Probes an upload by this policy.
    #[must_use]
    pub fn policy(mut self, policy: Policy) -> Self {
        self.range.policy = policy;
        self
    }

    /// Encodes so (default: [`Encoding::BETWEEN`]).
    #[must_use]
    pub fn encoding(mut self, encoding: Encoding) -> Self {
        self.range.encoding = encoding;
        self
    }
}

impl<I> fmt::Debug for Trim<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trim")
            .field("start", &self.range.start)
            .field("length", &self.range.length)
            .finish_non_exhaustive()
    }
}

impl<I> From<&Trim<I>> for Part {
    fn from(step: &Trim<I>) -> Self {
        Self(Kind::Trim(step.range.clone()))
    }
}

impl<I: Source> Step for Trim<I> {
    const NAME: Name = Name::new("trim");
    type Input = I;
    type Output = Video;

    fn options(&self) -> Options {
        options()
    }

    fn fusible(&self) -> Option<Fusible<I, Video>> {
        Some(Fusible::of::<Media>(self.into()))
    }

    async fn run(&self, attempt: &Attempt, input: I) -> Result<Video, StepError> {
        pass::alone(attempt, input, self.into()).await
    }
}
