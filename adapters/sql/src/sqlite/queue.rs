//! Places in the queue: which are due, and which will be next.

use std::{
    cmp::Reverse,
    collections::{HashMap, HashSet},
    sync::Arc,
};

use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, QueryResult, Value};
use stagemark::{
    Priority, RunId, Timestamp,
    ports::{Claim, Served},
};

use super::{
    Sqlite,
    statements::{RESERVE, Rows, statement},
    values::{blob_of, integer_of},
};

/// How many nodes are looked at by one statement: `SQLite` joins at most 500 selections.
const NODES_MAX: usize = 100;

type Place = (RunId, u16);

/// The workflow, the version and the node.
type Node = (Arc<str>, u32, u16);

/// How places are handed out: by priority, then by how long they were due.
type Rank = (Reverse<i64>, i64, Place);

/// Reserves what is due where there is room; tells what will be due next.
pub(super) async fn take(store: &Sqlite, claim: &Claim) -> Result<(Vec<Place>, Option<Timestamp>), DbErr> {
    let due =
        if claim.hinted.is_empty() { due(&store.reader, claim).await? } else { hinted(&store.reader, claim).await? };
    let reserved = reserve(&store.writer, claim, due).await?;
    Ok((reserved, next_due(&store.reader, claim).await?))
}

/// The nodes with room.
fn open(claim: &Claim) -> impl Iterator<Item = &Served> {
    claim.served.iter().filter(|served| served.room > 0)
}

fn node_values(served: &Served) -> [Value; 3] {
    [served.workflow.to_string().into(), i64::from(served.version).into(), i64::from(served.node).into()]
}

/// The places that are due at so many nodes. Each priority is a range of the index of its own, so that what is not yet
/// due is not looked at; the limit ends the look before the ranges of lower priorities where that of a higher one is
/// enough.
pub(super) fn due_text(nodes: usize) -> String {
    let range = |priority: Priority| {
        let number = priority.number();
        format!(
            "SELECT * FROM (SELECT run, node FROM stagemark_queue
            WHERE workflow = ? AND version = ? AND node = ? AND priority = {number} AND due <= ? ORDER BY due LIMIT ?)"
        )
    };
    let ranges = Priority::ALL.map(range);
    let [low, normal, high] = &ranges;
    vec![format!("SELECT * FROM ({high} UNION ALL {normal} UNION ALL {low} LIMIT ?)"); nodes].join(" UNION ALL ")
}

async fn due(reader: &DatabaseConnection, claim: &Claim) -> Result<Vec<Place>, DbErr> {
    let (mut due, open) = (Vec::new(), open(claim).collect::<Vec<_>>());
    for nodes in open.chunks(NODES_MAX) {
        let values = nodes.iter().flat_map(|served| {
            let (now, room) = (integer_of(claim.now.0), Value::from(i64::from(served.room)));
            let range = node_values(served).into_iter().chain([now, room.clone()]).collect::<Vec<_>>();
            std::iter::repeat_n(range, Priority::ALL.len()).flatten().chain([room])
        });
        for row in reader.query_all_raw(statement(due_text(nodes.len()), values)).await? {
            due.push(place_of(&row)?);
        }
    }
    Ok(due)
}

fn place_of(row: &QueryResult) -> Result<Place, DbErr> {
    Ok((row.try_get_by_index::<uuid::Uuid>(0)?.into(), row.try_get_by_index(1)?))
}

pub(super) const HINTED: Rows = Rows {
    before: "SELECT run, node, workflow, version, priority, due FROM stagemark_queue WHERE due <= ? AND run IN (VALUES ",
    columns: 1,
    after: ")",
};

/// Those of the hinted places that are due where there is room.
async fn hinted(reader: &DatabaseConnection, claim: &Claim) -> Result<Vec<Place>, DbErr> {
    let mut found: HashMap<Node, Vec<Rank>> = HashMap::new();
    let runs = claim.hinted.iter().map(|run| blob_of(*run)).collect();
    for query in HINTED.statements(&[integer_of(claim.now.0)], runs) {
        for row in reader.query_all_raw(query).await? {
            let (place, workflow) = (place_of(&row)?, row.try_get_by_index::<String>(2)?.into());
            let node = (workflow, row.try_get_by_index(3)?, place.1);
            let rank = (Reverse(row.try_get_by_index(4)?), row.try_get_by_index(5)?, place);
            found.entry(node).or_default().push(rank);
        }
    }
    let mut due = Vec::new();
    for served in open(claim) {
        let node = (Arc::clone(&served.workflow), served.version, served.node);
        let mut places = found.remove(&node).unwrap_or_default();
        places.sort_unstable();
        due.extend(places.into_iter().take(served.room as usize).map(|(_, _, place)| place));
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
            reserved.insert(place_of(&row)?);
        }
    }
    due.retain(|place| reserved.contains(place));
    Ok(due)
}

pub(super) const NEXT_DUE: Rows = Rows {
    before: "SELECT (SELECT min(due) FROM stagemark_queue WHERE workflow = column1 AND version = column2
        AND node = column3 AND priority = column4 AND due > column5) FROM (VALUES ",
    columns: 5,
    after: ")",
};

async fn next_due(reader: &DatabaseConnection, claim: &Claim) -> Result<Option<Timestamp>, DbErr> {
    let mut next: Option<i64> = None;
    let ranges = open(claim).flat_map(|served| Priority::ALL.map(|priority| (served, priority)));
    let values = ranges.flat_map(|(served, priority)| {
        node_values(served).into_iter().chain([i64::from(priority.number()).into(), integer_of(claim.now.0)])
    });
    for query in NEXT_DUE.statements(&[], values.collect()) {
        for row in reader.query_all_raw(query).await? {
            let due: Option<i64> = row.try_get_by_index(0)?;
            next = [next, due].into_iter().flatten().min();
        }
    }
    Ok(next.map(|due| Timestamp(u64::try_from(due).unwrap_or(0))))
}
