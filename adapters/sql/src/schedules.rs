//! Schedules, by statements that every database takes alike.

use sea_orm::{ConnectionTrait, DbErr, QueryResult, Statement, Value};
use stagemark::{RunId, Timestamp, ports::ScheduleRow};
use uuid::Uuid;

const ALL: &str = "SELECT name, definition, revision, next_tick, firing_tick, last_tick, run, skipped_tick
    FROM stagemark_schedule ORDER BY name";

const MAKE: &str = "INSERT INTO stagemark_schedule
        (name, definition, next_tick, firing_tick, last_tick, run, skipped_tick, revision)
    VALUES ($1, $2, $3, $4, $5, $6, $7, 1) ON CONFLICT (name) DO NOTHING";

const CHANGE: &str = "UPDATE stagemark_schedule SET definition = $2, next_tick = $3, firing_tick = $4, last_tick = $5,
        run = $6, skipped_tick = $7, revision = revision + 1
    WHERE name = $1 AND revision = $8";

pub(crate) async fn all<R: ConnectionTrait>(reader: &R) -> Result<Vec<ScheduleRow>, DbErr> {
    reader.query_all_raw(statement(reader, ALL, [])).await?.iter().map(schedule).collect()
}

pub(crate) async fn put<W: ConnectionTrait>(writer: &W, row: &ScheduleRow) -> Result<bool, DbErr> {
    let mut values = vec![
        row.name.to_string().into(),
        row.definition.to_string().into(),
        moment_of(row.next),
        moment_of(row.firing),
        moment_of(row.last),
        row.run.map(RunId::uuid).into(),
        moment_of(row.skipped),
    ];
    let text = if row.revision == 0 { MAKE } else { CHANGE };
    if row.revision > 0 {
        values.push(i64::try_from(row.revision).unwrap_or(i64::MAX).into());
    }
    Ok(writer.execute_raw(statement(writer, text, values)).await?.rows_affected() == 1)
}

fn schedule(row: &QueryResult) -> Result<ScheduleRow, DbErr> {
    let moment = |at: usize| -> Result<Option<Timestamp>, DbErr> {
        let moment: Option<i64> = row.try_get_by_index(at)?;
        Ok(moment.map(|moment| Timestamp(u64::try_from(moment).unwrap_or(0))))
    };
    Ok(ScheduleRow {
        name: row.try_get_by_index::<String>(0)?.into(),
        definition: row.try_get_by_index::<String>(1)?.into(),
        revision: u64::try_from(row.try_get_by_index::<i64>(2)?).unwrap_or(0),
        next: moment(3)?,
        firing: moment(4)?,
        last: moment(5)?,
        run: row.try_get_by_index::<Option<Uuid>>(6)?.map(RunId::from),
        skipped: moment(7)?,
    })
}

fn statement<C: ConnectionTrait>(on: &C, text: &str, values: impl IntoIterator<Item = Value>) -> Statement {
    Statement::from_sql_and_values(on.get_database_backend(), text, values)
}

fn moment_of(moment: Option<Timestamp>) -> Value {
    moment.map(|moment| i64::try_from(moment.0).unwrap_or(i64::MAX)).into()
}
