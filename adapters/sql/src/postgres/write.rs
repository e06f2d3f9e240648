//! The write path: a batch as one statement, which is a transaction of its own.
//!
//! Nearly always all of a batch is accepted. Where something is refused, or a step writes beside its marker, the batch is
//! written in a transaction of several statements; see [`careful`].

use std::collections::{HashMap, HashSet};

use sea_orm::{DbErr, RuntimeErr};
use sqlx::{Row, postgres::PgRow};
use stagemark::{
    RunId,
    ports::{NewRun, Outcome, Submitted, Write},
};
use uuid::Uuid;

use super::{
    batch::Batch,
    call::{Call, Column, Form},
    careful,
    pool::Connections,
    statement::REFUSED,
    values::{failed_query, run_at},
};
use crate::companion;

/// How often a batch is written again that met another one in the wrong order.
const TRIES_MAX: u32 = 5;

pub(super) async fn write(connections: &Connections, writes: &[Write]) -> Result<Vec<Outcome>, DbErr> {
    let mut tries = 1;
    loop {
        match attempt(connections, writes).await {
            Err(error) if tries < TRIES_MAX && is_conflict(&error) => tries += 1,
            known => return known,
        }
    }
}

async fn attempt(connections: &Connections, writes: &[Write]) -> Result<Vec<Outcome>, DbErr> {
    if writes.is_empty() {
        return Ok(Vec::new());
    }
    if writes.iter().any(needs_care) {
        return careful::write(connections, writes).await;
    }
    let batch = Batch::of(writes);
    if batch.is_single_marker() {
        let written = connections.ask_in_lane(batch.single_marker()).await?;
        return Ok(vec![if written.is_empty() { Outcome::Refused } else { Outcome::Accepted }]);
    }
    let submissions = batch.submissions();
    match connections.ask_in_lane(batch.call(Form::Arrays)).await {
        Err(error) if is_refusal(&error) => careful::write(connections, writes).await,
        Err(error) => Err(error),
        Ok(rows) if submissions == 0 => {
            drop(rows);
            Ok(vec![Outcome::Accepted; writes.len()])
        }
        Ok(rows) => match made(&rows).map_err(failed_query)? {
            None => Ok(vec![Outcome::Accepted; writes.len()]),
            Some(made) => settle(connections, writes, &made).await,
        },
    }
}

/// What is written beside a marker is written in a transaction, and a change of nothing is only looked at.
fn needs_care(write: &Write) -> bool {
    let is_empty = matches!(write, Write::Change(change) if change.markers.is_empty() && change.row.is_none());
    is_empty || companion::accompanied(write).is_some()
}

/// The runs that were made, where these are not all.
pub(super) fn made(rows: &[PgRow]) -> Result<Option<HashSet<RunId>>, sqlx::Error> {
    let Some(row) = rows.first() else { return Ok(None) };
    made_of(row)
}

pub(super) fn made_of(row: &PgRow) -> Result<Option<HashSet<RunId>>, sqlx::Error> {
    let made: Option<Vec<Uuid>> = row.try_get(0)?;
    Ok(made.map(|made| made.into_iter().map(RunId::from).collect()))
}

async fn settle(connections: &Connections, writes: &[Write], made: &HashSet<RunId>) -> Result<Vec<Outcome>, DbErr> {
    let refused: Vec<&NewRun> = writes.iter().filter_map(|write| not_made(write, made)).collect();
    let rows = connections.ask(first_with_keys(&refused, Form::Arrays)).await?;
    let first: HashMap<_, _> = rows.iter().map(first_of).collect::<Result<_, _>>().map_err(failed_query)?;
    let outcome = |(at, write)| match not_made(write, made) {
        None => Outcome::Accepted,
        Some(run) => late(first.get(&run.id).cloned(), made, &writes[at..]),
    };
    Ok(writes.iter().enumerate().map(outcome).collect())
}

/// What becomes of a submission that made no run, given the run that its key has, those that the batch made, and the
/// writes from it on: what later ones have made did not come first, so that it was refused for its id.
pub(super) fn late<'a>(
    first: Option<Submitted>,
    made: &HashSet<RunId>,
    writes: impl IntoIterator<Item = &'a Write>,
) -> Outcome {
    let Some(first) = first else { return Outcome::Refused };
    let makes = |write: &Write| matches!(write, Write::Submit(run) if run.id == first.id && made.contains(&run.id));
    if writes.into_iter().any(makes) { Outcome::Refused } else { Outcome::Existing(first) }
}

fn not_made<'a>(write: &'a Write, made: &HashSet<RunId>) -> Option<&'a NewRun> {
    match write {
        Write::Submit(run) if !made.contains(&run.id) => Some(run),
        _ => None,
    }
}

/// The runs that came first with the keys of submissions.
pub(super) fn first_with_keys<'a>(submissions: &[&'a NewRun], form: Form) -> Call<'a> {
    let mut call = Call::new(form);
    let rows = call.rows(
        "late",
        [
            ("id", Column::Uuids(submissions.iter().map(|run| Some(run.id.uuid())).collect())),
            ("workflow", Column::Texts(submissions.iter().map(|run| Some(&*run.workflow)).collect())),
            ("key", Column::Texts(submissions.iter().map(|run| run.key.as_deref()).collect())),
        ],
    );
    call.saying(format!(
        "SELECT late.id, first.id, first.input FROM {rows} JOIN stagemark_run AS first
        ON first.workflow = late.workflow AND first.key = late.key"
    ))
}

/// The submission that came late, and the run that came first.
pub(super) fn first_of(row: &PgRow) -> Result<(RunId, Submitted), sqlx::Error> {
    let input = row.try_get::<String, _>(2)?.into();
    Ok((run_at(row, 0)?, Submitted { id: run_at(row, 1)?, input }))
}

/// Whether a batch was taken back because something in it is refused.
pub(super) fn is_refusal(error: &DbErr) -> bool {
    database_error(error).is_some_and(|error| error.message().contains(REFUSED))
}

/// Whether two transactions met in such an order that one had to be given up.
fn is_conflict(error: &DbErr) -> bool {
    let code = database_error(error).and_then(sqlx::error::DatabaseError::code);
    matches!(code.as_deref(), Some("40001" | "40P01"))
}

fn database_error(error: &DbErr) -> Option<&dyn sqlx::error::DatabaseError> {
    match error {
        DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error)) => {
            error.as_database_error()
        }
        _ => None,
    }
}
