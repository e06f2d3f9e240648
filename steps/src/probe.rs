//! Looks into an upload and says what it is, or refuses it.

use std::time::Duration;

use stagemark::{Attempt, Fusible, Name, Options, Step, StepError};

use crate::{
    Media, Policy, Upload, Video, options,
    pass::{self, Kind, Part},
};

/// Probes an upload: is it a video, of a kind that is accepted, and all there?
///
/// Other steps that begin with an upload do the same by themselves; this one alone is for refusing early, and for
/// knowing the video before anything is done to it.
///
/// ```
/// use stagemark::Step;
/// use stagemark_media::Probe;
///
/// let probe = Probe::default().attempts(3);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Probe {
    policy: Policy,
}

impl Probe {
    /// Probes by this policy.
    pub fn new(policy: Policy) -> Self {
        Self { policy }
    }
}

impl From<&Probe> for Part {
    fn from(step: &Probe) -> Self {
        Self(Kind::Probe(step.policy.clone()))
    }
}

impl Step for Probe {
    const NAME: Name = Name::new("probe");
    type Input = Upload;
    type Output = Video;

    fn options(&self) -> Options {
        Options { timeout: Duration::from_mins(5), ..options() }
    }

    fn fusible(&self) -> Option<Fusible<Upload, Video>> {
        Some(Fusible::of::<Media>(self.into()))
    }

    async fn run(&self, attempt: &Attempt, upload: Upload) -> Result<Video, StepError> {
        pass::alone(attempt, upload, self.into()).await
    }
}
