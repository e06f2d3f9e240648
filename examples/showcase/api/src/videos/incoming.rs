//! The file of a video, from its first byte to its run.

use stagemark::{Artifact, ports::ArtifactError};
use stagemark_blob::{PartUpload, PartsError};
use stagemark_contest_contract::{Clip, Moment, NewVideo, PUBLISH_CLIP};
use stagemark_contest_records::{
    entity::video::{Model, State},
    videos::{self, Submitted},
};
use stagemark_sql::SubmitIn;
use uuid::Uuid;

use super::begin::row;
use crate::{
    Api, Kind, Problem,
    problem::whole,
    trace::traced,
    uploads::{Family, HEAD_BYTES, KINDS},
};

/// Makes room for the file of a new video, and the row that is to be written for it.
pub(super) async fn open(api: &Api, player: Uuid, new: NewVideo) -> Result<Model, Problem> {
    let mut video = row(player, new)?;
    let upload = api.uploads.parts().begin(&video.upload_key, &video.content_type).await.map_err(refused)?;
    video.upload_id = Some(upload.id);
    Ok(video)
}

/// The upload in parts of a video.
pub(super) fn upload_of(video: &Model) -> Result<PartUpload, Problem> {
    let id = video.upload_id.clone().filter(|_| video.state == State::Uploading);
    let id = id.ok_or_else(|| Problem::new(Kind::Conflict, "The file of this video has come in already."))?;
    Ok(PartUpload { key: video.upload_key.clone(), id })
}

/// How large the file of a video is to be.
pub(super) fn size_of(video: &Model) -> Result<u64, Problem> {
    whole("reading the size of a file", video.size_bytes)
}

/// Removes what has come in of a video that is no more. What cannot be removed now is found by its age.
pub(super) async fn discard(api: &Api, video: &Model) {
    if let Err(error) = removed(api, video).await {
        tracing::warn!(video = %video.id, error = &error as &dyn std::error::Error, "an upload that was given up is left");
    }
}

/// Removes the parts of an upload whose file came in by another way.
pub(super) async fn discard_parts(api: &Api, upload: &PartUpload) {
    if let Err(error) = api.uploads.parts().abort(upload).await {
        tracing::warn!(
            key = upload.key,
            error = &error as &dyn std::error::Error,
            "parts that are not needed are left"
        );
    }
}

async fn removed(api: &Api, video: &Model) -> Result<(), PartsError> {
    if let Some(id) = &video.upload_id {
        api.uploads.parts().abort(&PartUpload { key: video.upload_key.clone(), id: id.clone() }).await?;
    }
    for key in api.uploads.artifacts().list(&videos::upload_folder(video.id)).await? {
        api.uploads.artifacts().delete(&key).await?;
    }
    Ok(())
}

/// Submits the run of a video whose file is here under this key: the row and the run in one transaction.
///
/// A file that is not what was announced is removed, and the video with it.
pub(super) async fn submit(api: &Api, video: &Model, key: String) -> Result<Model, Problem> {
    if let Err(problem) = check(api, video, &key).await? {
        let transaction = api.records.begin().await?;
        if let Some(cancelled) = videos::cancel(&transaction, video.id).await? {
            transaction.commit().await?;
            discard(api, &cancelled).await;
        }
        return Err(problem);
    }
    let (id, n, size_bytes) = (video.id, 1, size_of(video)?);
    let upload = Artifact::new(key.clone(), size_bytes);
    let clip = Clip { video: id, n, upload, content_type: video.content_type.clone() };
    let transaction = api.records.begin().await?;
    let found = videos::lock(&transaction, id).await?;
    let Some(found) = found.filter(|found| found.state == State::Uploading) else {
        drop(transaction);
        return overtaken(api, id, &key).await;
    };
    let idempotency_key = clip.key();
    let run = traced(api.engine.submit(PUBLISH_CLIP, clip)).key(idempotency_key).submit_in(&transaction).await?;
    let submitted = Submitted { run: run.id().uuid(), n: 1, at: Moment::now().0, upload_key: key };
    let queued = videos::submitted(&transaction, &found, submitted).await?;
    transaction.commit().await?;
    run.wake();
    Ok(queued)
}

/// Another request has submitted the video, or cancelled it, in the meantime: what came in here is not needed.
async fn overtaken(api: &Api, video: Uuid, key: &str) -> Result<Model, Problem> {
    let found = super::existing(api, video).await;
    let is_its_file = found.as_ref().is_ok_and(|found| found.upload_key == key);
    if !is_its_file && let Err(error) = api.uploads.artifacts().delete(key).await {
        tracing::warn!(%video, error = &error as &dyn std::error::Error, "a file that is not needed is left");
    }
    found
}

/// Whether the file is what was announced. The outer result is the store's.
async fn check(api: &Api, video: &Model, key: &str) -> Result<Result<(), Problem>, Problem> {
    let file = api.uploads.artifacts().open(key).await.map_err(unreadable)?;
    let (found, announced) = (file.size_bytes(), size_of(video)?);
    if found != announced {
        let detail = format!("The file has {found} bytes, and not the {announced} that were announced. Begin again.");
        return Ok(Err(Problem::new(Kind::Conflict, detail)));
    }
    let head = file.read(0..HEAD_BYTES.min(found)).await.map_err(unreadable)?;
    if Family::of_head(&head).is_none() || Family::of_head(&head) != Family::of_type(&video.content_type) {
        let detail = format!("The file is no video of the type that was announced. Send {KINDS}, and say which it is.");
        return Ok(Err(Problem::new(Kind::UnsupportedMediaType, detail)));
    }
    Ok(Ok(()))
}

fn unreadable(error: ArtifactError) -> Problem {
    match error {
        ArtifactError::Missing { .. } => {
            Problem::new(Kind::Conflict, "The file is not here any more. Cancel the upload and begin again.")
        }
        error => Problem::unavailable("reading an upload", &error),
    }
}

/// What an upload's error means to its sender.
pub(super) fn refused(error: PartsError) -> Problem {
    match error {
        PartsError::NotOpen { .. } => {
            let detail =
                "The upload is not open any more: it was cancelled, or nothing came for too long. Begin again.";
            Problem::new(Kind::Conflict, detail)
        }
        PartsError::Incomplete { numbers, .. } => {
            let detail = format!("Parts are missing or not of their size: {numbers:?}. Send them, and complete again.");
            Problem::new(Kind::Conflict, detail)
        }
        PartsError::BadNumber { .. } => Problem::not_found(),
        error => Problem::unavailable("keeping an upload", &error),
    }
}
