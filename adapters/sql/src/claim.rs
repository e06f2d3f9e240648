//! Finding what to do: due places in the queue, and runs whose workers have lapsed.
//!
//! A look that finds nothing only reads: no lock is taken, nothing is committed.

use std::collections::HashSet;

use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, Value};
use stagemark::{
    RunId, Timestamp, WorkerId,
    ports::{Claim, Claimed, Phase, Record, Served, StoreError},
};

use crate::{
    SqlStore,
    convert::{blob_of, integer_of},
    error::failed,
    lapsed, load,
    statements::{RESERVE, statement},
};

/// How many nodes are looked at by one statement: `SQLite` joins at most 500 selections.
const NODES_MAX: usize = 200;

type Place = (RunId, u16);

pub(crate) async fn claim(store: &SqlStore, claim: &Claim) -> Result<Claimed, StoreError> {
    let doing = "looking for runs to carry on";
    let (places, next_due) = from_queue(store, claim).await.map_err(|error| failed(doing, error))?;
    let workers = lapsed::workers(&store.reader, claim).await.map_err(|error| failed(doing, error))?;
    let lapsed = lapsed::runs(&store.reader, claim, &workers).await.map_err(|error| failed(doing, error))?;

    let mut seen = HashSet::new();
    let mut found: Vec<RunId> = places.into_iter().map(|(run, _)| run).chain(lapsed).collect();
    found.retain(|run| seen.insert(*run));
    let mut runs = load::load(&store.reader, &found).await?;
    let place = |record: &Record| found.iter().position(|run| *run == record.id);
    runs.sort_by_cached_key(place);
    let lapsed = workers.into_iter().filter(|worker| runs.iter().any(|run| is_of(run, *worker))).collect();
    Ok(Claimed { runs, lapsed, next_due })
}

/// Whether the worker holds the run, which lives, or tries a task of it.
fn is_of(run: &Record, worker: WorkerId) -> bool {
    let tries = |run: &Record| run.markers.iter().any(|marker| marker.task.phase == Phase::Leased { worker });
    !run.status.has_ended() && (run.holder == Some(worker) || tries(run))
}

async fn from_queue(store: &SqlStore, claim: &Claim) -> Result<(Vec<Place>, Option<Timestamp>), DbErr> {
    let due = due(&store.reader, claim).await?;
    let reserved = reserve(&store.writer, claim, due).await?;
    Ok((reserved, next_due(&store.reader, claim).await?))
}

/// The nodes with room.
fn open(claim: &Claim) -> Vec<&Served> {
    claim.served.iter().filter(|served| served.room > 0).collect()
}

fn node_values(served: &Served) -> [Value; 3] {
    [served.workflow.to_string().into(), i64::from(served.version).into(), i64::from(served.node).into()]
}

pub(crate) const DUE: &str = "SELECT * FROM (SELECT run, node FROM stagemark_queue
    WHERE workflow = ? AND version = ? AND node = ? AND due <= ? ORDER BY due LIMIT ?)";

async fn due(reader: &DatabaseConnection, claim: &Claim) -> Result<Vec<Place>, DbErr> {
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

/// Reserves the places that are still due; gives these, in the same order.
async fn reserve(writer: &DatabaseConnection, claim: &Claim, mut due: Vec<Place>) -> Result<Vec<Place>, DbErr> {
    let mut reserved = HashSet::new();
    let times = [integer_of(claim.reserved.0), integer_of(claim.now.0)];
    let places = due.iter().flat_map(|(run, node)| [blob_of(*run), i64::from(*node).into()]);
    for reserve in RESERVE.statements(&times, places.collect()) {
        for row in writer.query_all_raw(reserve).await? {
            reserved.insert((row.try_get_by_index::<uuid::Uuid>(0)?.into(), row.try_get_by_index(1)?));
        }
    }
    due.retain(|place| reserved.contains(place));
    Ok(due)
}

pub(crate) const NEXT_DUE: &str =
    "SELECT min(due) FROM stagemark_queue WHERE workflow = ? AND version = ? AND node = ? AND due > ?";

async fn next_due(reader: &DatabaseConnection, claim: &Claim) -> Result<Option<Timestamp>, DbErr> {
    let mut next: Option<i64> = None;
    for nodes in open(claim).chunks(NODES_MAX) {
        let text = vec![NEXT_DUE; nodes.len()].join(" UNION ALL ");
        let values = nodes.iter().flat_map(|served| node_values(served).into_iter().chain([integer_of(claim.now.0)]));
        for row in reader.query_all_raw(statement(text, values)).await? {
            let due: Option<i64> = row.try_get_by_index(0)?;
            next = [next, due].into_iter().flatten().min();
        }
    }
    Ok(next.map(|due| Timestamp(u64::try_from(due).unwrap_or(0))))
}
