//! Finding what to do: due places in the queue, and runs whose workers have lapsed.
//!
//! A look that finds nothing only reads: no lock is taken, nothing is committed.

use std::collections::HashSet;

use stagemark::{
    RunId, WorkerId,
    ports::{Claim, Claimed, Phase, Record, StoreError},
};

use super::{Sqlite, lapsed, load, queue};
use crate::error::failed;

pub(super) async fn claim(store: &Sqlite, claim: &Claim) -> Result<Claimed, StoreError> {
    let doing = "looking for runs to carry on";
    let (places, next_due) = queue::take(store, claim).await.map_err(|error| failed(doing, error))?;
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
