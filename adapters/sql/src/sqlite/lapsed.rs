//! Finding the runs of workers that were not heard of until their leases ended.

use std::collections::BTreeSet;

use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, Value};
use stagemark::{RunId, WorkerId, ports::Claim};

use super::{
    statements::statement,
    values::{ended_of, integer_of, worker_of},
};

/// Workers that hold or try something and have no lease.
pub(super) async fn workers(reader: &DatabaseConnection, claim: &Claim) -> Result<Vec<WorkerId>, DbErr> {
    if claim.lapsed == 0 {
        return Ok(Vec::new());
    }
    let values = [worker_of(claim.worker), integer_of(claim.now.0)];
    let rows = reader.query_all_raw(statement(WORKERS, values)).await?;
    rows.iter().filter_map(|row| row.try_get_by_index(0).map(ended_of).transpose()).collect()
}

/// Each worker is found by one step in an index, however much it has.
pub(super) const WORKERS: &str = "
    WITH RECURSIVE
    holding (lessee) AS (
        SELECT min(holder) FROM stagemark_run WHERE status < 2 AND holder IS NOT NULL
        UNION ALL
        SELECT (SELECT min(holder) FROM stagemark_run WHERE status < 2 AND holder > lessee)
        FROM holding WHERE lessee IS NOT NULL
    ),
    trying (lessee) AS (
        SELECT min(worker) FROM stagemark_marker WHERE phase = 1 AND worker IS NOT NULL
        UNION ALL
        SELECT (SELECT min(worker) FROM stagemark_marker WHERE phase = 1 AND worker > lessee)
        FROM trying WHERE lessee IS NOT NULL
    )
    SELECT lessee FROM (SELECT lessee FROM holding UNION SELECT lessee FROM trying)
    WHERE lessee IS NOT NULL AND lessee <> ?1 AND lessee NOT IN (SELECT id FROM stagemark_worker WHERE until >= ?2)";

/// Runs of these workers that the one who asks serves, as many as it asks for.
pub(super) async fn runs(
    reader: &DatabaseConnection,
    claim: &Claim,
    workers: &[WorkerId],
) -> Result<BTreeSet<RunId>, DbErr> {
    let mut runs = BTreeSet::new();
    let served: BTreeSet<(&str, u32)> = claim.served.iter().map(|served| (&*served.workflow, served.version)).collect();
    if served.is_empty() {
        return Ok(runs);
    }
    let pairs = vec!["(?, ?)"; served.len()].join(", ");
    for (worker, [before, after]) in workers.iter().flat_map(|worker| [(worker, HELD), (worker, LEASED)]) {
        let room = (claim.lapsed as usize).saturating_sub(runs.len());
        if room == 0 {
            break;
        }
        let versions = served.iter().flat_map(|(name, version)| [Value::from(*name), i64::from(*version).into()]);
        let values = [worker_of(*worker)].into_iter().chain(versions).chain([i64::from(claim.lapsed).into()]);
        for row in reader.query_all_raw(statement(format!("{before}{pairs}{after}"), values)).await?.iter().take(room) {
            runs.insert(row.try_get_by_index::<uuid::Uuid>(0)?.into());
        }
    }
    Ok(runs)
}

pub(super) const HELD: [&str; 2] =
    ["SELECT id FROM stagemark_run WHERE status < 2 AND holder = ? AND (workflow, version) IN (VALUES ", ") LIMIT ?"];

/// The cross join begins at the markers of the worker and looks each run up by its key.
pub(super) const LEASED: [&str; 2] = [
    "SELECT DISTINCT run FROM stagemark_marker CROSS JOIN stagemark_run ON id = run AND status < 2
    WHERE phase = 1 AND worker = ? AND (workflow, version) IN (VALUES ",
    ") LIMIT ?",
];
