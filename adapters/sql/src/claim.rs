//! Finding what to do: due places in the queue, and runs whose workers have lapsed.
//!
//! A look that finds nothing only reads: no lock is taken, nothing is committed.

use std::collections::HashSet;

use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, QueryResult, Value};
use stagemark::{
    RunId, Timestamp, WorkerId,
    ports::{Claim, Claimed, Served, StoreError},
};

use crate::{
    SqlStore,
    convert::{blob_of, ended_of, integer_of, worker_of},
    error::failed,
    load,
    statements::statement,
};

/// How many nodes are looked at by one statement: `SQLite` joins at most 500 selections.
const NODES_MAX: usize = 200;
/// How many places are reserved by one statement.
const PLACES_MAX: usize = 1000;

pub(crate) async fn claim(store: &SqlStore, claim: &Claim) -> Result<Claimed, StoreError> {
    let (runs, lapsed, next_due) =
        find(store, claim).await.map_err(|error| failed("looking for runs to carry on", error))?;
    let runs = load::load(&store.reader, &runs).await?;
    Ok(Claimed { runs, lapsed, next_due })
}

async fn find(store: &SqlStore, claim: &Claim) -> Result<(Vec<RunId>, Vec<WorkerId>, Option<Timestamp>), DbErr> {
    let SqlStore { writer, reader } = store;
    let due = due(reader, claim).await?;
    let mut runs = reserve(writer, claim, due).await?;
    let workers = lapsed_workers(reader, claim).await?;
    let (lapsed_runs, lapsed) = lapsed_runs(reader, claim, &workers).await?;
    let mut seen: HashSet<RunId> = HashSet::new();
    runs.extend(lapsed_runs);
    runs.retain(|run| seen.insert(*run));
    Ok((runs, lapsed, next_due(reader, claim).await?))
}

/// The nodes with room.
fn open(claim: &Claim) -> Vec<&Served> {
    claim.served.iter().filter(|served| served.room > 0).collect()
}

fn node_values(served: &Served) -> [Value; 3] {
    [served.workflow.to_string().into(), i64::from(served.version).into(), i64::from(served.node).into()]
}

async fn due(reader: &DatabaseConnection, claim: &Claim) -> Result<Vec<(RunId, u16)>, DbErr> {
    let mut due = Vec::new();
    for nodes in open(claim).chunks(NODES_MAX) {
        let text = vec![DUE; nodes.len()].join(" UNION ALL ");
        let values = nodes.iter().flat_map(|served| {
            node_values(served).into_iter().chain([integer_of(claim.now.0), i64::from(served.room).into()])
        });
        for row in reader.query_all_raw(statement(text, values)).await? {
            due.push((row.try_get_by_index::<uuid::Uuid>(0)?.into(), row.try_get_by_index(1)?));
        }
    }
    Ok(due)
}

const DUE: &str = "SELECT * FROM (SELECT run, node FROM stagemark_queue
    WHERE workflow = ? AND version = ? AND node = ? AND due <= ? ORDER BY due LIMIT ?)";

/// Reserves the places that are still due; gives their runs.
async fn reserve(writer: &DatabaseConnection, claim: &Claim, due: Vec<(RunId, u16)>) -> Result<Vec<RunId>, DbErr> {
    let mut runs = Vec::new();
    for some in due.chunks(PLACES_MAX) {
        let rows = vec!["(?, ?)"; some.len()].join(", ");
        let text = format!(
            "UPDATE stagemark_queue SET due = ? WHERE due <= ? AND (run, node) IN (VALUES {rows}) RETURNING run"
        );
        let places = some.iter().flat_map(|(run, node)| [blob_of(*run), i64::from(*node).into()]);
        let values = [integer_of(claim.reserved.0), integer_of(claim.now.0)].into_iter().chain(places);
        for row in writer.query_all_raw(statement(text, values)).await? {
            runs.push(row.try_get_by_index::<uuid::Uuid>(0)?.into());
        }
    }
    Ok(runs)
}

async fn next_due(reader: &DatabaseConnection, claim: &Claim) -> Result<Option<Timestamp>, DbErr> {
    let mut next: Option<i64> = None;
    for nodes in open(claim).chunks(NODES_MAX) {
        let one = "SELECT min(due) FROM stagemark_queue WHERE workflow = ? AND version = ? AND node = ? AND due > ?";
        let text = vec![one; nodes.len()].join(" UNION ALL ");
        let values = nodes.iter().flat_map(|served| node_values(served).into_iter().chain([integer_of(claim.now.0)]));
        for row in reader.query_all_raw(statement(text, values)).await? {
            let due: Option<i64> = row.try_get_by_index(0)?;
            next = [next, due].into_iter().flatten().min();
        }
    }
    Ok(next.map(|due| Timestamp(u64::try_from(due).unwrap_or(0))))
}

/// Workers that hold or try something and have no lease. Each is found by one step in an index, however much it holds.
async fn lapsed_workers(reader: &DatabaseConnection, claim: &Claim) -> Result<Vec<WorkerId>, DbErr> {
    let rows =
        reader.query_all_raw(statement(LAPSED_WORKERS, [worker_of(claim.worker), integer_of(claim.now.0)])).await?;
    rows.iter().filter_map(|row| row.try_get_by_index(0).map(ended_of).transpose()).collect()
}

const LAPSED_WORKERS: &str = "
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

/// The runs of lapsed workers that this one serves, as many as it asks for, and whose they were.
async fn lapsed_runs(
    reader: &DatabaseConnection,
    claim: &Claim,
    workers: &[WorkerId],
) -> Result<(Vec<RunId>, Vec<WorkerId>), DbErr> {
    let (mut runs, mut lapsed) = (Vec::new(), HashSet::new());
    let served: HashSet<(&str, u32)> = claim.served.iter().map(|served| (&*served.workflow, served.version)).collect();
    for worker in workers {
        if served.is_empty() || runs.len() >= claim.lapsed as usize {
            break;
        }
        let pairs = vec!["(?, ?)"; served.len()].join(", ");
        let text = format!(
            "SELECT id FROM stagemark_run WHERE status < 2 AND (workflow, version) IN (VALUES {pairs}) AND id IN
                (SELECT id FROM stagemark_run WHERE status < 2 AND holder = ? UNION
                 SELECT run FROM stagemark_marker WHERE phase = 1 AND worker = ?) LIMIT ?"
        );
        let pairs = served.iter().flat_map(|(name, version)| [(*name).into(), i64::from(*version).into()]);
        let rest = [worker_of(*worker), worker_of(*worker), i64::from(claim.lapsed).into()];
        let rows = reader.query_all_raw(statement(text, pairs.chain(rest))).await?;
        if !rows.is_empty() {
            lapsed.insert(*worker);
        }
        runs.extend(rows.iter().map(id_of).collect::<Result<Vec<_>, _>>()?);
    }
    runs.truncate(claim.lapsed as usize);
    Ok((runs, lapsed.into_iter().collect()))
}

fn id_of(row: &QueryResult) -> Result<RunId, DbErr> {
    Ok(row.try_get_by_index::<uuid::Uuid>(0)?.into())
}
