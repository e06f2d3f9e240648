//! Listing runs without their payloads.

use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, QueryResult};
use stagemark::ports::{Filter, Summary};

use super::{
    statements::statement,
    values::{ended_of, integer_of, status_of},
};

pub(super) async fn list(reader: &DatabaseConnection, filter: &Filter) -> Result<Vec<Summary>, DbErr> {
    let values = [integer_of(filter.now.0), i64::from(filter.limit).into()];
    let query = if filter.ended { ALL } else { LIVE };
    reader.query_all_raw(statement(query, values)).await?.iter().map(summary).collect()
}

macro_rules! list {
    ($runs:literal) => {
        concat!(
            "SELECT id, workflow, version, status, holder,
                (SELECT count(*) FROM stagemark_worker AS worker WHERE until >= ?1 AND (worker.id = holder OR EXISTS
                    (SELECT 1 FROM stagemark_marker AS marker
                    WHERE marker.run = listed.id AND +marker.phase = 1 AND +marker.worker = worker.id))),
                (SELECT count(*) FROM stagemark_queue WHERE run = listed.id)
            FROM (SELECT id, workflow, version, status, holder FROM stagemark_run ",
            $runs,
            " ORDER BY id LIMIT ?2) AS listed ORDER BY id"
        )
    };
}

/// Markers are found by their run (a `+` keeps the index of leases out): a worker may have more of them than a run.
pub(super) const ALL: &str = list!("");
/// Live runs are found by their index: what has ended may be most of the table.
pub(super) const LIVE: &str = list!("INDEXED BY stagemark_run_live WHERE status < 2");

fn summary(row: &QueryResult) -> Result<Summary, DbErr> {
    Ok(Summary {
        id: row.try_get_by_index::<uuid::Uuid>(0)?.into(),
        workflow: row.try_get_by_index::<String>(1)?.into(),
        version: row.try_get_by_index(2)?,
        status: status_of(row.try_get_by_index(3)?)?,
        holder: ended_of(row.try_get_by_index(4)?),
        leases: row.try_get_by_index(5)?,
        queued: row.try_get_by_index(6)?,
    })
}
