//! A video goes for good: its objects, its runs, and its rows.

use std::sync::Arc;

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use stagemark::{
    Attempt, Backoff, Definition, Name, Options, RunId, Step, StepError,
    ports::{Forgotten, Store},
};
use stagemark_contest_contract::{ERASE, Erase};
use stagemark_contest_lists::Latest;
use stagemark_contest_records::{
    Records,
    entity::{idempotency, like, video, video_run},
    videos,
};
use stagemark_sql::InTransaction;
use uuid::Uuid;

/// Whoever made the video may still be at it when it is to go: a step that runs hears of that within a heartbeat.
const BACKOFF: Backoff = Backoff::Fixed(std::time::Duration::from_secs(2));
const ATTEMPTS: u32 = 100;

/// Where what is to go lies.
#[derive(Clone, Debug)]
pub struct Places {
    /// The contest's rows.
    pub records: Records,
    /// The engine's runs.
    pub store: Arc<dyn Store>,
    /// The list of the latest videos.
    pub latest: Latest,
}

/// Objects first, rows last: as long as there is an object, there is a row that tells of it.
pub fn erase(places: Places) -> Definition {
    ERASE.define(|video| video.then(EraseObjects(places.clone())).then(EraseRows(places)))
}

fn options() -> Options {
    Options { attempts: ATTEMPTS, backoff: BACKOFF, ..Options::default() }
}

impl Places {
    async fn runs(&self, video: Uuid) -> Result<Vec<RunId>, StepError> {
        let rows =
            video_run::Entity::find().filter(video_run::Column::Video.eq(video)).all(self.records.reader()).await?;
        Ok(rows.into_iter().map(|row| RunId::from(row.run)).collect())
    }
}

/// Removes the upload, and all that the runs of the video have made.
#[derive(Debug)]
struct EraseObjects(Places);

impl Step for EraseObjects {
    const NAME: Name = Name::new("erase-objects");
    type Input = Erase;
    type Output = Erase;

    fn options(&self) -> Options {
        options()
    }

    async fn run(&self, attempt: &Attempt, erase: Erase) -> Result<Erase, StepError> {
        let Self(Places { records, store, latest }) = self;
        // The host may have died that was asked to erase it, after it was written that it goes.
        latest.changed().await;
        let artifacts = attempt.artifacts()?;
        let runs = self.0.runs(erase.video).await?;
        for record in store.load(&runs).await? {
            if !record.status.has_ended() {
                return Err(format!("run {} of the video has not ended yet", record.id).into());
            }
        }
        let video = video::Entity::find_by_id(erase.video).one(records.reader()).await?;
        let mut keys: Vec<String> = video.map(|video| video.upload_key).into_iter().collect();
        // What came in and was not needed, too.
        keys.extend(artifacts.list(&videos::upload_folder(erase.video)).await?);
        for run in runs {
            keys.extend(artifacts.list(&format!("runs/{run}")).await?);
        }
        for key in keys {
            artifacts.delete(&key).await?;
            attempt.heartbeat();
        }
        Ok(erase)
    }
}

/// Removes the runs, and then every row that tells of the video.
#[derive(Debug)]
struct EraseRows(Places);

impl Step for EraseRows {
    const NAME: Name = Name::new("erase-rows");
    type Input = Erase;
    type Output = ();

    fn options(&self) -> Options {
        options()
    }

    async fn run(&self, attempt: &Attempt, erase: Erase) -> Result<(), StepError> {
        for run in self.0.runs(erase.video).await? {
            if let Forgotten::Live(status) = self.0.store.forget(run).await? {
                return Err(format!("run {run} of the video is {status}").into());
            }
        }
        let video = erase.video;
        attempt.transaction(move |transaction| {
            Box::pin(async move {
                video_run::Entity::delete_many().filter(video_run::Column::Video.eq(video)).exec(transaction).await?;
                like::Entity::delete_many().filter(like::Column::Video.eq(video)).exec(transaction).await?;
                idempotency::Entity::delete_many()
                    .filter(idempotency::Column::Video.eq(video))
                    .exec(transaction)
                    .await?;
                video::Entity::delete_by_id(video).exec(transaction).await?;
                Ok(())
            })
        });
        Ok(())
    }
}
