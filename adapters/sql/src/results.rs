//! Results that are kept, by statements that every database takes alike.

use std::sync::Arc;

use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, QueryResult, Statement, Value};
use stagemark::{
    Timestamp,
    ports::{Change, Found, Maker, ResultKey, Wanted},
};
use uuid::Uuid;

/// What is kept under a key, and whether the worker that makes it, if one does, has a lease.
const LOOK_UP: &str = "SELECT kept.output, kept.maker, kept.until,
        CASE WHEN EXISTS (SELECT 1 FROM stagemark_worker AS lease WHERE lease.id = kept.worker AND lease.until >= $2)
        THEN 1 ELSE 0 END
    FROM stagemark_result AS kept WHERE kept.key = $1";

/// The conditions are those of [`Place::is_free`], once more: another may have been first.
const GRANT: &str = "INSERT INTO stagemark_result AS kept (key, step, maker, worker, until, output)
    VALUES ($1, $2, $3, $4, $5, NULL)
    ON CONFLICT (key) DO UPDATE SET step = excluded.step, maker = excluded.maker, worker = excluded.worker,
        until = excluded.until, output = NULL
    WHERE kept.until < $6 OR kept.output = $7 OR (kept.output IS NULL AND (kept.maker = excluded.maker
        OR NOT EXISTS (SELECT 1 FROM stagemark_worker AS lease WHERE lease.id = kept.worker AND lease.until >= $6)))";

const KEEP: &str = "INSERT INTO stagemark_result (key, step, maker, worker, until, output)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (key) DO UPDATE SET step = excluded.step, maker = excluded.maker, worker = excluded.worker,
        until = excluded.until, output = excluded.output";

const GIVE_UP: &str = "DELETE FROM stagemark_result WHERE key = $1 AND maker = $2 AND output IS NULL";

/// What was kept anew meanwhile stays.
const EXPIRE: &str = "DELETE FROM stagemark_result WHERE until < $1
    AND key IN (SELECT key FROM stagemark_result WHERE until < $1 ORDER BY until LIMIT $2)";

const OUTPUTS: &str = "SELECT output FROM stagemark_result WHERE output IS NOT NULL
    UNION ALL SELECT output FROM stagemark_marker WHERE reused AND output IS NOT NULL";

/// What is stored under a key.
struct Place {
    output: Option<Arc<str>>,
    maker: String,
    until: i64,
    is_leased: bool,
}

impl Place {
    fn of(row: &QueryResult) -> Result<Self, DbErr> {
        let output = row.try_get_by_index::<Option<String>>(0)?.map(Arc::from);
        let is_leased = row.try_get_by_index::<i32>(3)? != 0;
        Ok(Self { output, maker: row.try_get_by_index(1)?, until: row.try_get_by_index(2)?, is_leased })
    }

    fn is_free(&self, wanted: &Wanted) -> bool {
        let is_over = self.until < moment_of(wanted.now);
        match &self.output {
            Some(output) => is_over || wanted.useless.as_ref() == Some(output),
            None => is_over || self.maker == name_of(wanted.maker) || !self.is_leased,
        }
    }
}

/// Looks a result up by one connection; where none is kept, tries by the other to be the one who makes it.
pub(crate) async fn want<R, W>(reader: &R, writer: &W, wanted: &Wanted) -> Result<Found, DbErr>
where
    R: ConnectionTrait,
    W: ConnectionTrait,
{
    if let Some(place) = look_up(reader, wanted).await?
        && !place.is_free(wanted)
    {
        return Ok(place.output.map_or(Found::Busy, Found::Kept));
    }
    let values = [
        wanted.key.to_string().into(),
        wanted.step.to_string().into(),
        name_of(wanted.maker).into(),
        Uuid::from_u128(wanted.maker.worker.0).into(),
        moment_of(wanted.until).into(),
        moment_of(wanted.now).into(),
        wanted.useless.as_ref().map(ToString::to_string).into(),
    ];
    if writer.execute_raw(statement(writer, GRANT, values)).await?.rows_affected() == 1 {
        return Ok(Found::Granted);
    }
    let first = look_up(reader, wanted).await?.filter(|place| !place.is_free(wanted));
    Ok(first.and_then(|place| place.output).map_or(Found::Busy, Found::Kept))
}

async fn look_up<R: ConnectionTrait>(reader: &R, wanted: &Wanted) -> Result<Option<Place>, DbErr> {
    let values = [wanted.key.to_string().into(), moment_of(wanted.now).into()];
    let row = reader.query_one_raw(statement(reader, LOOK_UP, values)).await?;
    row.as_ref().map(Place::of).transpose()
}

/// Keeps the results of a change, in the transaction in which it was written.
pub(crate) async fn keep(change: &Change, transaction: &DatabaseTransaction) -> Result<(), DbErr> {
    for result in &change.results {
        let values = [
            result.key.to_string().into(),
            result.step.to_string().into(),
            name_of(result.maker).into(),
            Uuid::from_u128(result.maker.worker.0).into(),
            moment_of(result.until).into(),
            result.output.to_string().into(),
        ];
        transaction.execute_raw(statement(transaction, KEEP, values)).await?;
    }
    Ok(())
}

pub(crate) async fn give_up<W: ConnectionTrait>(writer: &W, key: ResultKey, maker: Maker) -> Result<(), DbErr> {
    let values = [key.to_string().into(), name_of(maker).into()];
    writer.execute_raw(statement(writer, GIVE_UP, values)).await.map(drop)
}

pub(crate) async fn expire<W: ConnectionTrait>(writer: &W, before: Timestamp, limit: u32) -> Result<u32, DbErr> {
    let values = [moment_of(before).into(), i64::from(limit).into()];
    let removed = writer.execute_raw(statement(writer, EXPIRE, values)).await?.rows_affected();
    Ok(u32::try_from(removed).unwrap_or(u32::MAX))
}

pub(crate) async fn outputs<R: ConnectionTrait>(reader: &R) -> Result<Vec<Arc<str>>, DbErr> {
    let rows = reader.query_all_raw(statement(reader, OUTPUTS, [])).await?;
    rows.iter().map(|row| row.try_get_by_index::<String>(0).map(Arc::from)).collect()
}

fn statement<C: ConnectionTrait>(on: &C, text: &str, values: impl IntoIterator<Item = Value>) -> Statement {
    Statement::from_sql_and_values(on.get_database_backend(), text, values)
}

fn moment_of(moment: Timestamp) -> i64 {
    i64::try_from(moment.0).unwrap_or(i64::MAX)
}

/// A task of all that there are; its worker plays no part in it.
fn name_of(maker: Maker) -> String {
    format!("{}/{}/{}", maker.run, maker.task.node, maker.task.item)
}
