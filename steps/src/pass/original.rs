//! The file that a pass begins with: what it is, and as much of it as is needed.
//!
//! Of a long MP4 that is cut first, the cut is fetched. No file is refused by a part of it: before that all of it is
//! fetched, and looked at again.

use super::{Footage, Kind};
use crate::{Container, MediaError, Policy, Video, Workbench, excerpt::Excerpt, trim::Range};

/// Its name in the scratch folder.
const SOURCE: &str = "source";

/// The file that a pass begins with.
pub(super) struct Original<'a> {
    bench: &'a Workbench<'a>,
    footage: Footage,
    policy: Policy,
    /// The part of it that is needed, if it is not all of it.
    excerpt: Option<Excerpt>,
    there: There,
}

/// How much of it is in the scratch folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum There {
    Nothing,
    Part,
    All,
}

impl<'a> Original<'a> {
    /// The one of this footage, which these parts are done to.
    pub(super) fn of(bench: &'a Workbench<'a>, footage: Footage, parts: &[&Kind]) -> Self {
        let policy = parts.first().and_then(|part| part.policy()).cloned().unwrap_or_default();
        let may_be_mp4 = footage.video.as_ref().is_none_or(|video| video.container == Container::Mp4);
        let excerpt = if may_be_mp4 { needed(parts) } else { None };
        Self { bench, footage, policy, excerpt, there: There::Nothing }
    }

    /// What it is: a video that is known, or an upload that is looked into.
    pub(super) async fn look(&mut self) -> Result<Video, MediaError> {
        if let Some(video) = &self.footage.video {
            return Ok(video.clone());
        }
        self.policy.weigh(self.footage.artifact.size_bytes)?;
        self.fetch().await?;
        match self.admit().await {
            Err(refusal) if self.is_to_be_completed(&refusal) => self.complete().await,
            looked => looked,
        }
    }

    /// Its name in the scratch folder; it is fetched if need be.
    pub(super) async fn at_hand(&mut self) -> Result<&'static str, MediaError> {
        if self.there == There::Nothing {
            self.fetch().await?;
        }
        Ok(SOURCE)
    }

    /// The same, for whoever goes by its place in the folder.
    pub(super) async fn copied(&mut self) -> Result<&'static str, MediaError> {
        self.at_hand().await?;
        self.bench.own(SOURCE).await?;
        Ok(SOURCE)
    }

    /// Whether a refusal may be that of the part which is there, and not of the file.
    pub(super) fn is_to_be_completed(&self, refusal: &MediaError) -> bool {
        self.there == There::Part && refusal.is_permanent()
    }

    /// Fetches all of it, and looks at it again.
    pub(super) async fn complete(&mut self) -> Result<Video, MediaError> {
        self.excerpt = None;
        self.fetch().await?;
        match &self.footage.video {
            Some(video) => Ok(video.clone()),
            None => self.admit().await,
        }
    }

    async fn fetch(&mut self) -> Result<(), MediaError> {
        let Footage { artifact, video } = &self.footage;
        // What has a digest is copied, and it is seen whether it has it.
        if video.as_ref().is_none_or(|video| video.digest.is_none()) && self.bench.link(artifact, SOURCE).await? {
            self.there = There::All;
            return Ok(());
        }
        if let Some(excerpt) = self.excerpt
            && excerpt.fetch(self.bench, artifact, SOURCE).await?
        {
            self.there = There::Part;
            return Ok(());
        }
        match video {
            Some(video) => self.bench.fetch_video(video, SOURCE).await?,
            None => self.bench.fetch(artifact, SOURCE).await?,
        }
        self.there = There::All;
        Ok(())
    }

    async fn admit(&self) -> Result<Video, MediaError> {
        self.policy.admit(self.bench, &self.footage.artifact, SOURCE).await
    }
}

/// The part that is needed of what these parts of a pass are done to, if it is not all of it.
fn needed(parts: &[&Kind]) -> Option<Excerpt> {
    match parts.iter().find(|part| !matches!(part, Kind::Probe(_))) {
        None => Some(Excerpt::NOTHING),
        Some(Kind::Trim(Range { start, length, .. })) => Some(Excerpt { start: *start, length: *length }),
        Some(_) => None,
    }
}
