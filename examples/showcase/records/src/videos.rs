//! A video's way in and out: begun, submitted, tried again, erased. Each is one change of its row, made in a transaction.

use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{Set, Unchanged},
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect, TryInsertResult,
    sea_query::Expr,
};
use uuid::Uuid;

use crate::entity::{
    idempotency, video,
    video::{Model, State},
    video_run,
};

/// How many videos of a kind are looked at in one go.
const BATCH_MAX: u64 = 100;

/// Under which key a player asked for a video.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Who.
    pub player: Uuid,
    /// The player's name for the request.
    pub key: String,
    /// What tells this request from others.
    pub fingerprint: Vec<u8>,
}

/// A run of a video that is being submitted in the same transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submitted {
    /// The engine's run.
    pub run: Uuid,
    /// Which of the video's runs, from 1.
    pub n: i32,
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// Where the file is.
    pub upload_key: String,
}

/// The folder of the artifact store that the file of a video comes in to: all that is in it is of that video alone, and
/// goes with it.
pub fn upload_folder(video: Uuid) -> String {
    format!("uploads/{video}")
}

/// A video, whoever's and in whatever state.
pub async fn find(db: &impl ConnectionTrait, video: Uuid) -> Result<Option<Model>, DbErr> {
    video::Entity::find_by_id(video).one(db).await
}

/// The same, and nobody else changes it before the end of the transaction.
pub async fn lock(transaction: &DatabaseTransaction, video: Uuid) -> Result<Option<Model>, DbErr> {
    video::Entity::find_by_id(video).lock_exclusive().one(transaction).await
}

/// What was asked for under a key before.
pub async fn asked(db: &impl ConnectionTrait, player: Uuid, key: &str) -> Result<Option<idempotency::Model>, DbErr> {
    idempotency::Entity::find_by_id((player, key.to_owned())).one(db).await
}

/// Begins a video under a key; false, and nothing is written, if another request was faster.
///
/// `gone` is the video that the key was used for before, if that one is no more.
pub async fn begin(
    transaction: &DatabaseTransaction,
    video: Model,
    asked: Asked,
    gone: Option<Uuid>,
) -> Result<bool, DbErr> {
    let Asked { player, key, fingerprint } = asked;
    let is_first = if let Some(gone) = gone {
        let changed = idempotency::Entity::update_many()
            .col_expr(idempotency::Column::Video, Expr::value(video.id))
            .col_expr(idempotency::Column::Fingerprint, Expr::value(fingerprint))
            .filter(idempotency::Column::Player.eq(player))
            .filter(idempotency::Column::Key.eq(key))
            .filter(idempotency::Column::Video.eq(gone));
        changed.exec(transaction).await?.rows_affected == 1
    } else {
        let row = idempotency::Model { player, key, fingerprint, video: video.id, created_at: video.created_at };
        let inserted = idempotency::Entity::insert(row.into_active_model()).on_conflict_do_nothing();
        matches!(inserted.exec_without_returning(transaction).await?, TryInsertResult::Inserted(1))
    };
    if is_first {
        video::Entity::insert(video.into_active_model()).exec_without_returning(transaction).await?;
    }
    Ok(is_first)
}

/// Writes that a run was submitted. A video that can be watched stays so meanwhile.
pub async fn submitted(transaction: &DatabaseTransaction, video: &Model, run: Submitted) -> Result<Model, DbErr> {
    let Submitted { run, n, at, upload_key } = run;
    let row = video_run::Model { video: video.id, n, run, submitted_at: at };
    video_run::Entity::insert(row.into_active_model()).exec_without_returning(transaction).await?;
    let state = if video.state == State::Ready { State::Ready } else { State::Queued };
    let change = video::ActiveModel {
        id: Unchanged(video.id),
        state: Set(state),
        upload_key: Set(upload_key),
        upload_id: Set(None),
        run: Set(Some(run)),
        runs: Set(n),
        ..Default::default()
    };
    change.update(transaction).await
}

/// Puts a video on its way out: from now on nobody sees it.
pub async fn erasing(transaction: &DatabaseTransaction, video: Uuid) -> Result<(), DbErr> {
    let change = video::ActiveModel { id: Unchanged(video), state: Set(State::Erasing), ..Default::default() };
    change.update(transaction).await.map(drop)
}

/// Removes a video, with its likes and its runs' places in its history; one that is not there is no error.
pub async fn remove(db: &impl ConnectionTrait, video: Uuid) -> Result<(), DbErr> {
    video::Entity::delete_by_id(video).exec(db).await.map(drop)
}

/// Removes a video whose file has not come in; gives it as it was, or `None` where there is none in that state.
pub async fn cancel(transaction: &DatabaseTransaction, video: Uuid) -> Result<Option<Model>, DbErr> {
    let Some(found) = lock(transaction, video).await?.filter(|found| found.state == State::Uploading) else {
        return Ok(None);
    };
    remove(transaction, video).await?;
    Ok(Some(found))
}

/// The video that a run is of, if it is of one.
pub async fn of_run(db: &impl ConnectionTrait, run: Uuid) -> Result<Option<Model>, DbErr> {
    let found = video_run::Entity::find().filter(video_run::Column::Run.eq(run)).one(db).await?;
    match found {
        Some(found) => find(db, found.video).await,
        None => Ok(None),
    }
}

/// The runs of a video, the latest first.
pub async fn runs(db: &impl ConnectionTrait, video: Uuid) -> Result<Vec<video_run::Model>, DbErr> {
    let runs = video_run::Entity::find().filter(video_run::Column::Video.eq(video));
    runs.order_by_desc(video_run::Column::N).all(db).await
}

/// Some of the videos that were begun before this, in milliseconds since 1970, and whose files have not come in.
pub async fn stale(db: &impl ConnectionTrait, before: i64) -> Result<Vec<Model>, DbErr> {
    let stale = video::Entity::find().filter(video::Column::State.eq(State::Uploading));
    stale.filter(video::Column::CreatedAt.lt(before)).limit(BATCH_MAX).all(db).await
}
