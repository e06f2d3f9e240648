//! A batch in which something is refused, or beside which steps write: a transaction of several statements.
//!
//! The runs of the batch are locked first. What is true of their revisions and markers then stays true until the commit,
//! so that those which are refused are known before anything is written.

use std::collections::HashSet;

use sea_orm::{DatabaseConnection, DatabaseTransaction, DbErr, RuntimeErr, TransactionTrait};
use stagemark::{
    RunId,
    ports::{Change, NewRun, Outcome, Submitted, Write},
};
use tokio::time::timeout;

use super::{
    batch::Batch,
    call::{Call, Column, Form},
    pool::{Connections, late},
    values::{failed_query, integer_of, long_of, run_at},
    write::{first_of, first_with_keys, late as late_submission, made_of},
};
use crate::companion;

pub(super) async fn write(connections: &Connections, writes: &[Write]) -> Result<Vec<Outcome>, DbErr> {
    let (shared, writes) = (connections.shared.clone(), writes.to_vec());
    // In a task of its own: a commit goes on to its end though nobody waits for it any more.
    let transaction = tokio::spawn(async move { in_transaction(&shared, &writes).await });
    let ended = timeout(connections.limit * 2, transaction).await.map_err(|_| failed_query(late()))?;
    ended.map_err(|error| DbErr::Query(RuntimeErr::Internal(error.to_string())))?
}

async fn in_transaction(database: &DatabaseConnection, writes: &[Write]) -> Result<Vec<Outcome>, DbErr> {
    let transaction = database.begin().await?;
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

/// Writes a change and what its steps write beside it, or nothing.
async fn accompany(transaction: &DatabaseTransaction, write: &Write, change: &Change) -> Result<Outcome, DbErr> {
    let savepoint = transaction.begin().await?;
    let mut outcome = [Outcome::Accepted];
    write_plain(&savepoint, &[(0, write)], &mut outcome).await?;
    let [mut outcome] = outcome;
    if outcome == Outcome::Accepted {
        outcome = companion::write(change, &savepoint).await?;
    }
    match outcome {
        Outcome::Accepted => savepoint.commit().await?,
        _ => savepoint.rollback().await?,
    }
    Ok(outcome)
}

async fn write_plain(
    transaction: &DatabaseTransaction,
    writes: &[(usize, &Write)],
    outcomes: &mut [Outcome],
) -> Result<(), DbErr> {
    let refused = refused(transaction, writes).await?;
    let is_refused = |write: &Write| matches!(write, Write::Change(change) if refused.contains(&change.run));
    for (at, _) in writes.iter().filter(|(_, write)| is_refused(write)) {
        outcomes[*at] = Outcome::Refused;
    }
    let accepted: Vec<&Write> = writes.iter().map(|(_, write)| *write).filter(|write| !is_refused(write)).collect();
    if !accepted.iter().any(|write| has_rows(write)) {
        return Ok(());
    }
    let rows = Batch::of(accepted).call(Form::Json).within(transaction, made_of).await?;
    let Some(Some(made)) = rows.into_iter().next() else { return Ok(()) };
    for (nth, (at, write)) in writes.iter().enumerate() {
        if let Write::Submit(run) = write
            && !made.contains(&run.id)
        {
            let behind = writes[nth..].iter().map(|(_, write)| *write);
            outcomes[*at] = late_submission(first(transaction, run).await?, &made, behind);
        }
    }
    Ok(())
}

fn has_rows(write: &Write) -> bool {
    !matches!(write, Write::Change(change) if change.markers.is_empty() && change.row.is_none())
}

/// Submits a run in a transaction of somebody else's.
pub(crate) async fn submit(transaction: &DatabaseTransaction, run: &NewRun) -> Result<Outcome, DbErr> {
    let write = Write::Submit(run.clone());
    let rows = Batch::of([&write]).call(Form::Json).within(transaction, made_of).await?;
    match rows.into_iter().next() {
        Some(Some(_)) => Ok(first(transaction, run).await?.map_or(Outcome::Refused, Outcome::Existing)),
        _ => Ok(Outcome::Accepted),
    }
}

/// The run that came first with the key of a submission.
async fn first(transaction: &DatabaseTransaction, run: &NewRun) -> Result<Option<Submitted>, DbErr> {
    let found = first_with_keys(&[run], Form::Json).within(transaction, first_of).await?;
    Ok(found.into_iter().next().map(|(_, first)| first))
}

/// The runs whose changes are refused; all others are locked at the revision that their change was decided on.
async fn refused(transaction: &DatabaseTransaction, writes: &[(usize, &Write)]) -> Result<HashSet<RunId>, DbErr> {
    let changes = writes.iter().filter_map(|(_, write)| match write {
        Write::Change(change) => Some(change),
        Write::Submit(_) => None,
    });
    let mut changes: Vec<&Change> = changes.collect();
    if changes.is_empty() {
        return Ok(HashSet::new());
    }
    changes.sort_unstable_by_key(|change| change.run);
    let locked: HashSet<RunId> = lock(&changes).within(transaction, |row| run_at(row, 0)).await?.into_iter().collect();
    // By a statement of its own: what was written before the locks were there is seen by it.
    let late: HashSet<RunId> =
        late_ones(&changes).within(transaction, |row| run_at(row, 0)).await?.into_iter().collect();
    let runs = changes.into_iter().map(|change| change.run);
    Ok(runs.filter(|run| !locked.contains(run) || late.contains(run)).collect())
}

fn lock<'a>(changes: &[&'a Change]) -> Call<'a> {
    let mut call = Call::new(Form::Json);
    let rows = call.rows(
        "change",
        [
            ("id", Column::Uuids(changes.iter().map(|change| Some(change.run.uuid())).collect())),
            ("at", Column::Longs(changes.iter().map(|change| Some(long_of(change.revision))).collect())),
        ],
    );
    call.saying(format!(
        "SELECT run.id FROM {rows} JOIN stagemark_run AS run ON run.id = change.id AND run.revision = change.at
        FOR NO KEY UPDATE OF run"
    ))
}

/// The runs that have a newer marker, or one that is done, where one is to be written.
fn late_ones<'a>(changes: &[&'a Change]) -> Call<'a> {
    let markers = || changes.iter().flat_map(|change| change.markers.iter().map(|marker| (change.run, marker)));
    let mut call = Call::new(Form::Json);
    let rows = call.rows(
        "new",
        [
            ("run", Column::Uuids(markers().map(|(run, _)| Some(run.uuid())).collect())),
            ("node", Column::Integers(markers().map(|(_, marker)| Some(i32::from(marker.id.node))).collect())),
            ("item", Column::Integers(markers().map(|(_, marker)| Some(integer_of(marker.id.item))).collect())),
            ("attempt", Column::Longs(markers().map(|(_, marker)| Some(i64::from(marker.task.attempt))).collect())),
        ],
    );
    call.saying(format!(
        "SELECT stored.run FROM {rows} JOIN stagemark_marker AS stored
        ON stored.run = new.run AND stored.node = new.node AND stored.item = new.item
        WHERE stored.phase = 2 OR stored.attempt > new.attempt"
    ))
}
