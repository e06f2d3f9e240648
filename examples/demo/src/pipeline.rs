//! The workflow of the demo.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use stagemark::{Definition, Name, Workflow, from_fn};
use stagemark_media::{
    Bumpers, CutPreview, DrawSprites, Edit, Finish, Poster, Preview, Probe, RemoveAudio, Sprites, TakePoster, Trim,
    Upload, Video, Watermark,
    assets::{INTRO, LOGO, OUTRO},
};

/// From an upload to all that a page needs to show it.
pub(crate) const PUBLISH: Workflow<Upload, Published> = Workflow::new("publish-video");

const PUBLISHED: Name = Name::new("publish");
const LENGTH_MAX: Duration = Duration::from_secs(30);

/// What a page needs to show a video.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Published {
    pub(crate) video: Video,
    pub(crate) poster: Poster,
    pub(crate) sprites: Sprites,
    pub(crate) preview: Preview,
}

pub(crate) fn publish() -> Definition {
    PUBLISH.define(|upload| {
        let video = upload
            .then(Probe::default())
            .then(Trim::to(LENGTH_MAX))
            .then(Edit::hd720())
            .then(RemoveAudio)
            .then(Watermark::png(LOGO))
            .then(Bumpers::new(INTRO, OUTRO))
            .then(Finish::default());
        let poster = video.then(TakePoster::default());
        let sprites = video.then(DrawSprites::default());
        let preview = video.then(CutPreview::default());
        let gather = from_fn(PUBLISHED, |_, (((video, poster), sprites), preview)| async move {
            Ok(Published { video, poster, sprites, preview })
        });
        video.and(poster).and(sprites).and(preview).then(gather)
    })
}
