//! Media steps whose results are kept, for those who ask for it.

use std::{
    fmt::{self, Debug, Write as _},
    time::Duration,
};

use sha2::{Digest, Sha256};
use stagemark::{Reuse, Step, Tuned};

use crate::{
    Bumpers, CutPreview, DrawSprites, Edit, Finish, Loudness, Part, Probe, Quality, RemoveAudio, Source, TakePoster,
    Trim, Watermark, runner::hex,
};

/// To be raised when any of the steps makes something else of what it made something of before.
const VERSION: u32 = 2;

/// A media step that makes the same of the same video, so that what it made can be [kept](Reuse): a later run over an
/// upload of the same content takes it, and starts no process.
///
/// An upload counts by its content where its [digest](stagemark::Artifact::digest) is known, as it is after
/// [`Engine::import`](stagemark::Engine::import). Neighbours that are run in one pass are taken together, if all of them
/// are kept. What another version of ffmpeg has made is taken too, until its time is over.
///
/// ```
/// use std::time::Duration;
/// use stagemark::Workflow;
/// use stagemark_media::{Edit, Kept, Poster, TakePoster, Trim, Upload};
///
/// const COVER: Workflow<Upload, Poster> = Workflow::new("cover");
/// const WEEK: Duration = Duration::from_secs(7 * 24 * 3_600);
///
/// let cover = COVER.define(|upload| {
///     let trimmed = upload.then(Trim::to(Duration::from_secs(30)).kept_for(WEEK));
///     trimmed.then(Edit::hd720().kept_for(WEEK)).then(TakePoster::default().kept_for(WEEK))
/// });
/// ```
pub trait Kept: Step + Sized {
    /// All that the step was built with and that shows in what it makes.
    fn settings(&self) -> impl Debug;

    /// Keeps what the step makes for this long, and takes what is kept. Options of the step are set after this.
    fn kept_for(self, keep: Duration) -> Tuned<Self> {
        let reuse = Reuse::version(VERSION).parameters(&digest_of(&self.settings())).keep(keep);
        self.reuse(reuse)
    }
}

/// A logo or a bumper among the settings may be of many bytes: they are hashed as they are told.
fn digest_of(settings: &impl Debug) -> String {
    struct Hashed(Sha256);

    impl fmt::Write for Hashed {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0.update(text);
            Ok(())
        }
    }

    let mut hashed = Hashed(Sha256::new());
    // Hashing does not fail.
    let _ = write!(hashed, "{settings:?}");
    hex(&hashed.0.finalize())
}

impl Kept for Probe {
    fn settings(&self) -> impl Debug {
        Part::from(self)
    }
}

impl<I: Source> Kept for Trim<I> {
    fn settings(&self) -> impl Debug {
        Part::from(self)
    }
}

impl Kept for Edit {
    fn settings(&self) -> impl Debug {
        self
    }
}

impl Kept for RemoveAudio {
    fn settings(&self) -> impl Debug {
        self
    }
}

impl Kept for Watermark {
    fn settings(&self) -> impl Debug {
        self
    }
}

impl Kept for Bumpers {
    fn settings(&self) -> impl Debug {
        self
    }
}

impl Kept for Loudness {
    fn settings(&self) -> impl Debug {
        self
    }
}

impl Kept for Finish {
    fn settings(&self) -> impl Debug {
        self
    }
}

impl Kept for TakePoster {
    fn settings(&self) -> impl Debug {
        self
    }
}

impl Kept for DrawSprites {
    fn settings(&self) -> impl Debug {
        self
    }
}

impl Kept for CutPreview {
    fn settings(&self) -> impl Debug {
        self
    }
}

impl Kept for Quality {
    fn settings(&self) -> impl Debug {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assets::{INTRO, LOGO, OUTRO};

    #[test]
    fn every_setting_counts() {
        let (ten, twenty) = (Duration::from_secs(10), Duration::from_secs(20));
        let all = [
            digest_of(&Trim::<crate::Upload>::to(ten).settings()),
            digest_of(&Trim::<crate::Upload>::to(twenty).settings()),
            digest_of(&Trim::<crate::Upload>::to(ten).starting_at(twenty).settings()),
            digest_of(&Trim::<crate::Upload>::to(ten).encoding(crate::Encoding::av1()).settings()),
            digest_of(&Edit::hd720().settings()),
            digest_of(&Edit::size(320, 180).settings()),
            digest_of(&Watermark::png(LOGO).settings()),
            digest_of(&Watermark::png(&LOGO[1..]).settings()),
            digest_of(&Bumpers::new(INTRO, OUTRO).settings()),
            digest_of(&Bumpers::new(OUTRO, INTRO).settings()),
            digest_of(&TakePoster::at(0.25).settings()),
            digest_of(&TakePoster::at(0.5).settings()),
            digest_of(&DrawSprites::default().tiles(9).settings()),
            digest_of(&DrawSprites::default().width(320).settings()),
        ];

        let distinct: std::collections::HashSet<_> = all.iter().collect();

        assert_eq!(distinct.len(), all.len());
    }

    #[test]
    fn the_same_settings_are_alike() {
        assert_eq!(digest_of(&Watermark::png(LOGO).settings()), digest_of(&Watermark::png(LOGO.to_vec()).settings()));
    }
}
