//! Runs page by page, and forgotten, by statements that every database takes alike.

use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, QueryResult, Statement, Value};
use stagemark::{
    RunId, Status, Timestamp,
    ports::{Forgotten, Listed, Page, Paged},
};
use uuid::Uuid;

use crate::convert::{status_number, status_of};

const COLUMNS: &str = "id, workflow, version, status, submitted, ended, error";

/// What is stored of a run besides its own row.
const TABLES: [&str; 4] = ["stagemark_marker", "stagemark_heartbeat", "stagemark_queue", "stagemark_outbox"];

pub(crate) async fn page<R: ConnectionTrait>(reader: &R, page: &Page) -> Result<Paged, DbErr> {
    let query = if page.has_ready() { of_all(page) } else { of_the_few(page, reader.get_database_backend()) };
    let rows = reader.query_all_raw(query.on(reader)).await?;
    let runs = rows.iter().map(listed).collect::<Result<Vec<_>, _>>()?;
    let is_full = runs.len() >= page.limit as usize;
    let next = match runs.last() {
        Some(last) if is_full => Some(last.id),
        _ if page.has_ready() => end_of_look(reader, page).await?,
        _ => None,
    };
    Ok(Paged { runs, next })
}

/// The last run that was looked at, if there may be others behind it.
async fn end_of_look<R: ConnectionTrait>(reader: &R, page: &Page) -> Result<Option<RunId>, DbErr> {
    let mut query = Query::default();
    let before = query.before(page);
    let skipped = query.value(i64::from(page.look).saturating_sub(1));
    query.text = format!("SELECT id FROM stagemark_run WHERE {before} ORDER BY id DESC LIMIT 1 OFFSET {skipped}");
    let row = reader.query_one_raw(query.on(reader)).await?;
    row.map(|row| row.try_get_by_index::<Uuid>(0).map(RunId::from)).transpose()
}

/// The newest runs, and of these the ones that are asked for: to look for all of them could be to read the whole table.
fn of_all(page: &Page) -> Query {
    let mut query = Query::default();
    let (before, look) = (query.before(page), query.value(i64::from(page.look)));
    let (asked_for, limit) = (query.asked_for(page, &page.statuses), query.value(i64::from(page.limit)));
    query.text = format!(
        "SELECT {COLUMNS} FROM (SELECT {COLUMNS} FROM stagemark_run WHERE {before} ORDER BY id DESC LIMIT {look})
            AS looked
        WHERE {asked_for} ORDER BY id DESC LIMIT {limit}"
    );
    query
}

/// Runs that are not ready: those that are live, and those that failed or were cancelled, each by an index of their own.
fn of_the_few(page: &Page, backend: DbBackend) -> Query {
    let mut query = Query::default();
    let (before, limit) = (query.before(page), query.value(i64::from(page.limit)));
    let (live, stopped): (Vec<Status>, Vec<Status>) = page.statuses.iter().partition(|status| !status.has_ended());
    let of_live = ("live", "stagemark_run_live", "status < 2", live);
    let of_stopped = ("stopped", "stagemark_run_stopped", "status > 2", stopped);
    let (mut found, mut all) = (Vec::new(), Vec::new());
    for (name, index, predicate, statuses) in [of_live, of_stopped] {
        if statuses.is_empty() {
            continue;
        }
        // What PostgreSQL knows of the table tells it so.
        let by = if backend == DbBackend::Sqlite { format!("INDEXED BY {index}") } else { String::new() };
        let asked_for = query.asked_for(page, &statuses);
        let from = format!("stagemark_run {by} WHERE {predicate} AND {before} AND {asked_for}");
        // Live runs are found before they are put in order, as their index is in another one.
        let order = if name == "live" { String::new() } else { format!("ORDER BY id DESC LIMIT {limit}") };
        found.push(format!("{name} AS MATERIALIZED (SELECT {COLUMNS} FROM {from} {order})"));
        all.push(format!("SELECT {COLUMNS} FROM {name}"));
    }
    let (found, all) = (found.join(", "), all.join(" UNION ALL "));
    query.text = format!("WITH {found} SELECT {COLUMNS} FROM ({all}) AS found ORDER BY id DESC LIMIT {limit}");
    query
}

/// A statement that is being put together.
#[derive(Default)]
struct Query {
    text: String,
    values: Vec<Value>,
}

impl Query {
    fn value(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("${}", self.values.len())
    }

    fn before(&mut self, page: &Page) -> String {
        page.before.map_or_else(|| "true".to_owned(), |before| format!("id < {}", self.value(before.uuid())))
    }

    fn asked_for(&mut self, page: &Page, statuses: &[Status]) -> String {
        let numbers: Vec<_> = statuses.iter().map(|status| status_number(*status).to_string()).collect();
        let mut conditions = vec!["true".to_owned()];
        if !numbers.is_empty() {
            conditions.push(format!("status IN ({})", numbers.join(", ")));
        }
        if let Some(workflow) = &page.workflow {
            conditions.push(format!("workflow = {}", self.value(workflow.to_string())));
        }
        conditions.join(" AND ")
    }

    fn on<C: ConnectionTrait>(self, on: &C) -> Statement {
        Statement::from_sql_and_values(on.get_database_backend(), self.text, self.values)
    }
}

/// Removes a run in a transaction, if it has ended; what is stored beside it goes only with it.
pub(crate) async fn forget(transaction: &DatabaseTransaction, run: RunId) -> Result<Forgotten, DbErr> {
    let on = |text: String| {
        Statement::from_sql_and_values(transaction.get_database_backend(), text, [Value::from(run.uuid())])
    };
    let ended = on("DELETE FROM stagemark_run WHERE id = $1 AND status >= 2".to_owned());
    if transaction.execute_raw(ended).await?.rows_affected() == 0 {
        let live = transaction.query_one_raw(on(format!("SELECT {COLUMNS} FROM stagemark_run WHERE id = $1"))).await?;
        return Ok(live
            .as_ref()
            .map(listed)
            .transpose()?
            .map_or(Forgotten::Unknown, |run| Forgotten::Live(run.status)));
    }
    for table in TABLES {
        transaction.execute_raw(on(format!("DELETE FROM {table} WHERE run = $1"))).await?;
    }
    Ok(Forgotten::Removed)
}

fn listed(row: &QueryResult) -> Result<Listed, DbErr> {
    // Each database has integers of its own sizes.
    let integer = |at: usize| -> Result<i64, DbErr> {
        let short = || row.try_get_by_index::<i16>(at).map(i64::from);
        row.try_get_by_index::<i64>(at).or_else(|_| row.try_get_by_index::<i32>(at).map(i64::from)).or_else(|_| short())
    };
    let (version, status) = (integer(2)?, integer(3)?);
    let moment = |moment: i64| Timestamp(u64::try_from(moment).unwrap_or(0));
    Ok(Listed {
        id: row.try_get_by_index::<Uuid>(0)?.into(),
        workflow: row.try_get_by_index::<String>(1)?.into(),
        // PostgreSQL has the same 32 bits with a sign.
        version: u32::try_from(version & i64::from(u32::MAX)).unwrap_or_default(),
        status: status_of(status).ok_or_else(|| DbErr::Type(format!("{status} is no status of a run")))?,
        submitted: moment(integer(4)?),
        ended: row.try_get_by_index::<Option<i64>>(5)?.map(moment),
        error: row.try_get_by_index::<Option<String>>(6)?.map(Into::into),
    })
}
