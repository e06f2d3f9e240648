//! Counting what the file holds, at a bounded cost: each number stops at a limit.

use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, QueryResult};
use stagemark::{
    Timestamp,
    ports::{Count, Counts, QueueCount, RunCount},
};

use super::{
    statements::statement,
    values::{integer_of, status_of},
};

pub(super) async fn census(reader: &DatabaseConnection, count: &Count) -> Result<Counts, DbErr> {
    let (now, limit) = (integer_of(count.now.0), i64::from(count.limit));
    let runs = reader.query_all_raw(statement(RUNS, [limit.into()])).await?;
    let queues = reader.query_all_raw(statement(QUEUES, [now, limit.into()])).await?;
    let unsent = reader.query_one_raw(statement(UNSENT, [limit.into()])).await?;
    Ok(Counts {
        runs: runs.iter().map(run_count).collect::<Result<_, _>>()?,
        queues: queues.iter().map(queue_count).collect::<Result<_, _>>()?,
        unsent: unsent.map_or(Ok(0), |row| row.try_get_by_index(0))?,
    })
}

/// By the index of live runs: what has ended may be most of the table.
const RUNS: &str = "SELECT workflow, status, count(*)
    FROM (SELECT workflow, status FROM stagemark_run INDEXED BY stagemark_run_live WHERE status < 2 LIMIT ?)
    GROUP BY workflow, status";

const QUEUES: &str = "SELECT workflow, count(*), min(due)
    FROM (SELECT workflow, due FROM stagemark_queue WHERE due <= ? LIMIT ?) GROUP BY workflow";

const UNSENT: &str = "SELECT count(*) FROM (SELECT 1 FROM stagemark_outbox LIMIT ?)";

fn run_count(row: &QueryResult) -> Result<RunCount, DbErr> {
    let workflow = row.try_get_by_index::<String>(0)?.into();
    Ok(RunCount { workflow, status: status_of(row.try_get_by_index(1)?)?, runs: row.try_get_by_index(2)? })
}

fn queue_count(row: &QueryResult) -> Result<QueueCount, DbErr> {
    let oldest: i64 = row.try_get_by_index(2)?;
    Ok(QueueCount {
        workflow: row.try_get_by_index::<String>(0)?.into(),
        due: row.try_get_by_index(1)?,
        oldest: Timestamp(u64::try_from(oldest).unwrap_or(0)),
    })
}
