//! Puts an opening before a video and a closing after it.

use std::{borrow::Cow, time::Duration};

use stagemark::{Attempt, Fusible, Name, Options, Step, StepError};

use crate::{
    Encoding, Media, Video, options,
    pass::{self, Kind, Part},
};

/// The longest a bumper may last.
pub(crate) const BUMPER_MAX: Duration = Duration::from_mins(1);

/// Puts an opening before a video and a closing after it: the *cortinilla*. Each is a PNG, which is shown for a while,
/// or a video.
///
/// A bumper is encoded once for each size, rate and encoding, and [kept](Attempt::keep) for all runs; the video itself
/// is joined to them without encoding it again.
///
/// ```
/// use std::time::Duration;
/// use stagemark_media::{Bumpers, assets};
///
/// let bumpers = Bumpers::new(assets::INTRO, assets::OUTRO).still(Duration::from_secs(2));
/// ```
#[derive(Clone, Debug)]
pub struct Bumpers {
    pub(crate) intro: Cow<'static, [u8]>,
    pub(crate) outro: Cow<'static, [u8]>,
    pub(crate) still: Duration,
    pub(crate) encoding: Option<Encoding>,
}

impl Bumpers {
    /// This opening and this closing, each the bytes of a PNG or of a video.
    pub fn new(intro: impl Into<Cow<'static, [u8]>>, outro: impl Into<Cow<'static, [u8]>>) -> Self {
        let still = Duration::from_millis(2500);
        Self { intro: intro.into(), outro: outro.into(), still, encoding: None }
    }

    /// How long a PNG is shown (default 2.5 s).
    #[must_use]
    pub fn still(mut self, still: Duration) -> Self {
        self.still = still.clamp(Duration::from_millis(100), BUMPER_MAX);
        self
    }

    /// Encodes so; the codec must be that of the video (default: [`Encoding::default`], [`Encoding::av1`] or
    /// [`Encoding::vp9`], as the video is). Best is what the step before uses: then all parts of the video have the
    /// same parameters, as some old players want.
    #[must_use]
    pub fn encoding(mut self, encoding: Encoding) -> Self {
        self.encoding = Some(encoding);
        self
    }
}

impl From<&Bumpers> for Part {
    fn from(step: &Bumpers) -> Self {
        Self(Kind::Join(step.clone()))
    }
}

impl Step for Bumpers {
    const NAME: Name = Name::new("gossip");
    type Input = Video;
    type Output = Video;

    fn options(&self) -> Options {
        options()
    }

    fn fusible(&self) -> Option<Fusible<Video, Video>> {
        Some(Fusible::of::<Media>(self.into()))
    }

    async fn run(&self, attempt: &Attempt, video: Video) -> Result<Video, StepError> {
        pass::alone(attempt, video, self.into()).await
    }
}
