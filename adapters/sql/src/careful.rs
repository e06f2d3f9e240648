//! A batch in which something is refused, one write at a time: its neighbours are written all the same.

use std::slice;

use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbErr, TransactionTrait};
use stagemark::ports::{Change, NewRun, Outcome, Submitted, Write};

use crate::{
    convert::{blob_of, integer_of},
    statements::{AT_REVISION, FIRST_WITH_KEY, immediate, statement},
    write::Batch,
};

pub(crate) async fn write(database: &DatabaseConnection, writes: &[Write]) -> Result<Vec<Outcome>, DbErr> {
    let transaction = database.begin_with_options(immediate()).await?;
    let mut outcomes = Vec::with_capacity(writes.len());
    for write in writes {
        outcomes.push(one(&transaction, write).await?);
    }
    transaction.commit().await?;
    Ok(outcomes)
}

async fn one(transaction: &DatabaseTransaction, write: &Write) -> Result<Outcome, DbErr> {
    let batch = Batch::of(slice::from_ref(write));
    let fenced = batch.fenced;
    transaction.execute_unprepared("SAVEPOINT one").await?;
    if batch.apply(transaction).await? == fenced {
        transaction.execute_unprepared("RELEASE one").await?;
        return Ok(Outcome::Accepted);
    }
    transaction.execute_unprepared("ROLLBACK TO one").await?;
    transaction.execute_unprepared("RELEASE one").await?;
    match write {
        Write::Submit(run) => existing(transaction, run).await,
        Write::Change(change) if change.markers.is_empty() && change.row.is_none() => {
            unchanged(transaction, change).await
        }
        Write::Change(_) => Ok(Outcome::Refused),
    }
}

/// A change of nothing is accepted at its revision too.
async fn unchanged(transaction: &DatabaseTransaction, change: &Change) -> Result<Outcome, DbErr> {
    let query = statement(AT_REVISION, [blob_of(change.run), integer_of(change.revision)]);
    let found = transaction.query_one_raw(query).await?;
    Ok(found.map_or(Outcome::Refused, |_| Outcome::Accepted))
}

/// The run that came first with the key.
async fn existing(transaction: &DatabaseTransaction, run: &NewRun) -> Result<Outcome, DbErr> {
    let Some(key) = &run.key else {
        return Ok(Outcome::Refused);
    };
    let query = statement(FIRST_WITH_KEY, [run.workflow.to_string().into(), key.clone().into()]);
    let Some(row) = transaction.query_one_raw(query).await? else {
        return Ok(Outcome::Refused);
    };
    let id = row.try_get_by_index::<uuid::Uuid>(0)?.into();
    let input = row.try_get_by_index::<String>(1)?.into();
    Ok(Outcome::Existing(Submitted { id, input }))
}
