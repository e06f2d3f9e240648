//! A batch in which something is refused: it is written in ever smaller parts, so that its neighbours are accepted all
//! the same.

use std::ops::Range;

use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbErr, TransactionTrait};
use stagemark::ports::{Change, NewRun, Outcome, Submitted, Write};

use super::{
    statements::{AT_REVISION, FIRST_WITH_KEY, immediate, statement},
    values::{blob_of, integer_of},
    write::Batch,
};
use crate::companion;

/// Into how many parts what was refused is cut: many are tried in vain when little is refused, few when much is.
const PARTS: usize = 8;

pub(super) async fn write(database: &DatabaseConnection, writes: &[Write]) -> Result<Vec<Outcome>, DbErr> {
    let transaction = database.begin_with_options(immediate()).await?;
    let mut outcomes = vec![Outcome::Accepted; writes.len()];
    let mut plain = Vec::with_capacity(writes.len());
    for (at, write) in writes.iter().enumerate() {
        match companion::accompanied(write) {
            Some(change) => outcomes[at] = accompany(&transaction, write, change).await?,
            None => plain.push((at, write)),
        }
    }
    write_plain(&transaction, &plain, &mut outcomes).await?;
    transaction.commit().await?;
    Ok(outcomes)
}

async fn write_plain(
    transaction: &DatabaseTransaction,
    plain: &[(usize, &Write)],
    outcomes: &mut [Outcome],
) -> Result<(), DbErr> {
    // In their order, as of two submissions with one key the first is accepted.
    let mut waiting = parts(0..plain.len());
    while let Some(part) = waiting.pop() {
        if apply(transaction, &plain[part.clone()]).await? {
            continue;
        }
        match &plain[part.clone()] {
            [(at, write)] => outcomes[*at] = judge(transaction, write).await?,
            _ => waiting.extend(parts(part)),
        }
    }
    Ok(())
}

/// Writes a change and what its steps write beside it, or nothing.
async fn accompany(transaction: &DatabaseTransaction, write: &Write, change: &Change) -> Result<Outcome, DbErr> {
    let savepoint = transaction.begin().await?;
    let batch = Batch::of([write]);
    let fenced = batch.fenced;
    let mut outcome = Outcome::Accepted;
    if batch.apply(&savepoint).await? != fenced {
        outcome = judge(&savepoint, write).await?;
    }
    if outcome == Outcome::Accepted {
        outcome = companion::write(change, &savepoint).await?;
    }
    match outcome {
        Outcome::Accepted => savepoint.commit().await?,
        _ => savepoint.rollback().await?,
    }
    Ok(outcome)
}

/// The parts of what was refused, the first one last.
fn parts(whole: Range<usize>) -> Vec<Range<usize>> {
    let size = whole.len().div_ceil(PARTS).max(1);
    whole.clone().step_by(size).map(|start| start..whole.end.min(start + size)).rev().collect()
}

/// Submits a run in a transaction of somebody else's.
pub(crate) async fn submit(transaction: &DatabaseTransaction, run: &NewRun) -> Result<Outcome, DbErr> {
    let write = Write::Submit(run.clone());
    if Batch::of([&write]).apply(transaction).await? == 1 {
        return Ok(Outcome::Accepted);
    }
    existing(transaction, run).await
}

/// Writes all of them, or nothing.
async fn apply(transaction: &DatabaseTransaction, writes: &[(usize, &Write)]) -> Result<bool, DbErr> {
    let batch = Batch::of(writes.iter().map(|(_, write)| *write));
    let fenced = batch.fenced;
    transaction.execute_unprepared("SAVEPOINT part").await?;
    let accepted = batch.apply(transaction).await? == fenced;
    transaction.execute_unprepared(if accepted { "RELEASE part" } else { "ROLLBACK TO part; RELEASE part" }).await?;
    Ok(accepted)
}

/// What becomes of a write of which not all could be written.
async fn judge(transaction: &DatabaseTransaction, write: &Write) -> Result<Outcome, DbErr> {
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
    let Some(key) = &run.key else { return Ok(Outcome::Refused) };
    let query = statement(FIRST_WITH_KEY, [run.workflow.to_string().into(), key.clone().into()]);
    let Some(row) = transaction.query_one_raw(query).await? else { return Ok(Outcome::Refused) };
    let id = row.try_get_by_index::<uuid::Uuid>(0)?.into();
    let input = row.try_get_by_index::<String>(1)?.into();
    Ok(Outcome::Existing(Submitted { id, input }))
}
