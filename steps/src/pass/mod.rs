//! One pass over a video: the parts of one step or of several, in as few ffmpeg commands as can be.
//!
//! A step alone is a pass of one part, so that steps give the same pictures one by one and fused.

mod join;
mod original;
mod reel;
mod render;

use stagemark::{Artifact, Attempt, Family, Member, Name, Pass, StepError};

use crate::{Bumpers, Edit, Finish, Loudness, MediaError, Policy, Source, Video, Watermark, Workbench, trim::Range};
use reel::Reel;

/// The family of the media steps: neighbours in a workflow are done in one pass, which decodes and encodes once.
///
/// The workflow stays as it is written, and so do its stage markers; see [`Family`].
///
/// ```
/// use stagemark::{Family, Step};
/// use stagemark_media::{Edit, Media, Video};
///
/// assert_eq!(Media::NAME.as_str(), "media");
/// assert!(Edit::hd720().fusible().is_some());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Media;

/// What a media step adds to a [pass](Media); made from the step.
///
/// ```
/// use stagemark::{Family, Pass, Step, StepError};
/// use stagemark_media::{Edit, Media, Part, RemoveAudio, Video};
///
/// /// As the engine does it, in a test of one's own.
/// async fn in_one_pass(attempt: &stagemark::Attempt, video: Video) -> Result<Video, StepError> {
///     let edit = Edit::hd720();
///     let parts = [(edit.name(), Part::from(&edit)), (RemoveAudio.name(), Part::from(&RemoveAudio))];
///     Media::run(&Pass::standalone(attempt, parts), video.into()).await
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Part(pub(crate) Kind);

/// What a part does.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Probe(Policy),
    Trim(Range),
    Edit(Edit),
    Silence,
    Mark(Watermark),
    Loudness(Loudness),
    Join(Bumpers),
    Finish(Finish),
}

/// What a pass begins with: a file, and what is known of it.
///
/// ```
/// use stagemark::Artifact;
/// use stagemark_media::{Footage, Upload};
///
/// let footage = Footage::from(Upload::new(Artifact::new("uploads/42", 1_055_736)));
/// ```
#[derive(Clone, Debug)]
pub struct Footage {
    artifact: Artifact,
    video: Option<Video>,
}

impl<S: Source> From<S> for Footage {
    fn from(source: S) -> Self {
        Self { artifact: source.artifact().clone(), video: source.video().cloned() }
    }
}

impl Family for Media {
    const NAME: Name = Name::new("media");
    type Part = Part;
    type Source = Footage;
    type Output = Video;

    async fn run(pass: &Pass<Self>, source: Footage) -> Result<Video, StepError> {
        let parts: Vec<&Kind> = pass.members().iter().map(|member| &member.part().0).collect();
        play(pass.attempt(), source, &parts, pass.members()).await.map_err(MediaError::into_step_error)
    }
}

/// Runs a step that stands alone.
pub(crate) async fn alone(attempt: &Attempt, source: impl Into<Footage>, part: Part) -> Result<Video, StepError> {
    play(attempt, source.into(), &[&part.0], &[]).await.map_err(MediaError::into_step_error)
}

async fn play(
    attempt: &Attempt,
    source: Footage,
    parts: &[&Kind],
    members: &[Member<Media>],
) -> Result<Video, MediaError> {
    let bench = Workbench::open(attempt).await?;
    let mut reel = Reel::begin(&bench, source, parts).await?;
    let mut done = 0;
    for act in acts(parts) {
        let tell = Tell { attempt, members, from: done, to: done + act.len(), of: parts.len() };
        reel.play(act, &parts[tell.to..], &tell).await?;
        done = tell.to;
    }
    reel.deliver().await
}

/// The parts, taken together where one ffmpeg command can do them.
fn acts<'a, 'p>(parts: &'a [&'p Kind]) -> impl Iterator<Item = &'a [&'p Kind]> {
    parts.chunk_by(|one, next| one.renders() && next.renders())
}

impl Kind {
    /// Whether it can share a command with others of this sort.
    fn renders(&self) -> bool {
        !matches!(self, Self::Join(_) | Self::Finish(_) | Self::Probe(_) | Self::Loudness(_))
    }

    fn policy(&self) -> Option<&Policy> {
        match self {
            Self::Probe(policy) | Self::Trim(Range { policy, .. }) => Some(policy),
            _ => None,
        }
    }
}

/// Tells how far a pass is: what is done, what is being done, and what waits.
pub(crate) struct Tell<'a> {
    attempt: &'a Attempt,
    members: &'a [Member<Media>],
    from: usize,
    to: usize,
    of: usize,
}

impl Tell<'_> {
    /// This part of what is being done.
    pub(crate) fn progress(&self, fraction: f64, message: &str) {
        #[expect(clippy::cast_precision_loss, reason = "a count of steps")]
        let (from, to, of) = (self.from as f64, self.to as f64, self.of as f64);
        if self.members.is_empty() {
            return self.attempt.progress((from + fraction.clamp(0.0, 1.0) * (to - from)) / of, message);
        }
        // Never of the pass itself, which would be heard of each member, and be taken back by what follows.
        for (at, member) in self.members.iter().enumerate() {
            match at {
                at if at < self.from => member.progress(1.0, "done"),
                at if at < self.to => member.progress(fraction, message),
                _ => member.progress(0.0, "waits for the steps before it"),
            }
        }
    }
}
