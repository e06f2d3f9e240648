//! From an upload to a video that can be watched.

use std::time::Duration;

use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use stagemark::{Attempt, Backoff, Definition, Name, Permanent, Step, StepError, from_fn};
use stagemark_contest_contract::{Clip, Moment, PUBLISH_CLIP, Published, PublishedSprites};
use stagemark_contest_ranking::steps::Refresh;
use stagemark_contest_records::entity::video::{ActiveModel, Column, Entity, State};
use stagemark_media::{
    Bumpers, CutPreview, DrawSprites, Edit, Finish, Poster, Preview, Probe, RemoveAudio, Sprites, TakePoster, Trim,
    Upload, Video, Watermark,
    assets::{INTRO, LOGO, OUTRO},
};
use stagemark_sql::InTransaction;

/// A clip is cut to this.
const LENGTH_MAX: Duration = Duration::from_secs(30);
/// A worker that dies takes an attempt with it, and hosts are replaced while clips are made.
const ATTEMPTS: u32 = 5;
const BACKOFF: Backoff = Backoff::Fixed(Duration::from_secs(1));

const ADMIT: Name = Name::new("admit");
const PUBLISH: Name = Name::new("publish");

/// What the step `publish` is given.
type Parts = ((Clip, Video), (Poster, (Sprites, Preview)));

/// The clip becomes one video, by steps that run in one pass; what a page shows before it plays is made of that side by
/// side; in the transaction that commits the step `publish` the contest's own row says that the video can be watched; and
/// then the boards and the caches hear of it.
pub fn publish(refresh: Refresh) -> Definition {
    PUBLISH_CLIP.define(|clip| {
        let upload = clip.then(tough(from_fn(ADMIT, admit))).then(tough(Probe::default()));
        let edited = upload.then(tough(Trim::to(LENGTH_MAX))).then(tough(Edit::hd720())).then(tough(RemoveAudio));
        let marked = edited.then(tough(Watermark::png(LOGO))).then(tough(Bumpers::new(INTRO, OUTRO)));
        let video = marked.then(tough(Finish::default()));

        let poster = video.then(tough(TakePoster::default()));
        let sprites = video.then(tough(DrawSprites::default()));
        let preview = video.then(tough(CutPreview::default()));
        let parts = clip.and(video).and(poster.and(sprites.and(preview)));
        parts.then(tough(from_fn(PUBLISH, together))).then(tough(refresh))
    })
}

fn tough<S: Step>(step: S) -> impl Step<Input = S::Input, Output = S::Output> {
    step.attempts(ATTEMPTS).backoff(BACKOFF)
}

/// Looks at the object itself: what was said of it when the upload began may not be so.
async fn admit(attempt: Attempt, clip: Clip) -> Result<Upload, StepError> {
    let stored = attempt.open(&clip.upload).await?;
    if stored.size_bytes() != clip.upload.size_bytes {
        let (found, said) = (stored.size_bytes(), clip.upload.size_bytes);
        Err(format!("the file has {found} bytes, and should have {said}: send it again")).permanent()?;
    }
    Ok(Upload::new(clip.upload))
}

async fn together(attempt: Attempt, parts: Parts) -> Result<Published, StepError> {
    let ((clip, video), (poster, (sprites, preview))) = parts;
    let published = Published {
        video: clip.video,
        width_px: video.width_px,
        height_px: video.height_px,
        duration_ms: milliseconds(video.duration),
        sprites: layout(sprites, video.duration),
        file: video.artifact,
        poster: poster.artifact,
        preview: preview.artifact,
    };
    let row = row(&published, Moment::now())?;
    attempt.transaction(move |transaction| {
        let row = row.clone();
        Box::pin(async move {
            // A video that is being erased stays so: then no row is changed.
            let waiting = Column::State.eq(State::Queued);
            Entity::update_many().set(row).filter(Column::Id.eq(clip.video)).filter(waiting).exec(transaction).await?;
            Ok(())
        })
    });
    Ok(published)
}

fn layout(sprites: Sprites, duration: Duration) -> PublishedSprites {
    PublishedSprites {
        columns: sprites.columns(),
        rows: sprites.rows(),
        tile_width_px: sprites.tile_width_px,
        tile_height_px: sprites.tile_height_px,
        interval_ms: milliseconds(duration / sprites.tiles.max(1)),
        count: sprites.tiles,
        sheet: sprites.sheet,
    }
}

fn row(published: &Published, now: Moment) -> Result<ActiveModel, StepError> {
    Ok(ActiveModel {
        state: Set(State::Ready),
        published_at: Set(Some(now.0)),
        duration_ms: Set(Some(i64::try_from(published.duration_ms)?)),
        width_px: Set(Some(i32::try_from(published.width_px)?)),
        height_px: Set(Some(i32::try_from(published.height_px)?)),
        video_key: Set(Some(published.file.key.clone())),
        poster_key: Set(Some(published.poster.key.clone())),
        preview_key: Set(Some(published.preview.key.clone())),
        sprites_key: Set(Some(published.sprites.sheet.key.clone())),
        sprites: Set(Some(serde_json::to_string(&published.sprites)?)),
        ..ActiveModel::default()
    })
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
