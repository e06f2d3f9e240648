//! The video pipeline that the examples run: an upload becomes a video that can be shown.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use stagemark::{Attempt, Backoff, Definition, Name, Step, StepError, Workflow, from_fn};
use stagemark_media::{
    Bumpers, CutPreview, DrawSprites, Edit, Encoding, Finish, Poster, Preview, Probe, RemoveAudio, Sprites, TakePoster,
    Trim, Upload, Video, Watermark,
    assets::{INTRO, LOGO, OUTRO},
};

const SECONDS_30: Duration = Duration::from_secs(30);
/// A step that is killed has used up an attempt, and whoever tries the demo may kill it often.
const ATTEMPTS: u32 = 20;
const BACKOFF: Backoff = Backoff::Fixed(Duration::from_millis(500));

/// An upload becomes a video that can be shown.
///
/// ```
/// assert_eq!(stagemark_video::PUBLISH.name(), stagemark_video::publish().name());
/// ```
pub const PUBLISH: Workflow<Upload, Published> = Workflow::new("publish-video");

/// A finished video, and what a page shows before it plays.
///
/// ```
/// fn title(made: &stagemark_video::Published) -> String {
///     format!("{} × {}", made.video.width_px, made.video.height_px)
/// }
/// ```
#[derive(Debug, Serialize, Deserialize)]
pub struct Published {
    /// The video.
    pub video: Video,
    /// A picture of it.
    pub poster: Poster,
    /// Small pictures of all of it, for a bar that is scrolled.
    pub sprites: Sprites,
    /// A few seconds of it, without sound.
    pub preview: Preview,
}

/// One video after the other, then three things from it side by side.
pub fn publish() -> Definition {
    PUBLISH.define(|upload| {
        let trimmed = upload.then(tough(Probe::default())).then(tough(Trim::to(SECONDS_30)));
        let edited = trimmed.then(tough(Edit::hd720())).then(tough(RemoveAudio));
        let marked = edited.then(tough(Watermark::png(LOGO).encoding(Encoding::default())));
        let video = marked.then(tough(Bumpers::new(INTRO, OUTRO))).then(tough(Finish::default()));

        let poster = video.then(tough(TakePoster::default()));
        let sprites = video.then(tough(DrawSprites::default()));
        let preview = video.then(tough(CutPreview::default()));
        video.and(poster).and(sprites.and(preview)).then(from_fn(Name::new("publish"), together))
    })
}

fn tough<S: Step>(step: S) -> impl Step<Input = S::Input, Output = S::Output> {
    step.attempts(ATTEMPTS).backoff(BACKOFF)
}

async fn together(
    _attempt: Attempt,
    ((video, poster), (sprites, preview)): ((Video, Poster), (Sprites, Preview)),
) -> Result<Published, StepError> {
    Ok(Published { video, poster, sprites, preview })
}
