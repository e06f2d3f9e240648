//! What the demo runs: the video pipeline.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use stagemark::{Attempt, Definition, Name, StepError, Workflow, from_fn};
use stagemark_media::{
    Bumpers, CutPreview, DrawSprites, Edit, Encoding, Finish, Poster, Preview, Probe, RemoveAudio, Sprites, TakePoster,
    Trim, Upload, Video, Watermark,
    assets::{INTRO, LOGO, OUTRO},
};

const SECONDS_30: Duration = Duration::from_secs(30);

/// An upload becomes a video that can be shown.
pub(crate) const PUBLISH: Workflow<Upload, Published> = Workflow::new("publish-video");

/// A finished video, and what a page shows before it plays.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Published {
    pub(crate) video: Video,
    pub(crate) poster: Poster,
    pub(crate) sprites: Sprites,
    pub(crate) preview: Preview,
}

/// One video after the other, then three things from it side by side.
pub(crate) fn publish() -> Definition {
    PUBLISH.define(|upload| {
        let trimmed = upload.then(Probe::default()).then(Trim::to(SECONDS_30));
        let edited = trimmed.then(Edit::hd720()).then(RemoveAudio);
        let marked = edited.then(Watermark::png(LOGO).encoding(Encoding::default()));
        let video = marked.then(Bumpers::new(INTRO, OUTRO)).then(Finish::default());

        let poster = video.then(TakePoster::default());
        let sprites = video.then(DrawSprites::default());
        let preview = video.then(CutPreview::default());
        video.and(poster).and(sprites.and(preview)).then(from_fn(Name::new("publish"), together))
    })
}

async fn together(
    _attempt: Attempt,
    ((video, poster), (sprites, preview)): ((Video, Poster), (Sprites, Preview)),
) -> Result<Published, StepError> {
    Ok(Published { video, poster, sprites, preview })
}
