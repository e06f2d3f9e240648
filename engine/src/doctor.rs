//! The doctor: finds runs that nothing explains.

use std::{collections::HashSet, sync::Arc};

use stagemark_rules::Status;
use tokio::time::sleep;

use crate::{
    RunId,
    driver::Driver,
    ports::{Filter, StoreError, Summary},
};

/// How many runs are looked at.
const RUNS_MAX: u32 = 1_000_000;

/// A run that has not ended and that nothing explains; see [`Engine::doctor`](crate::Engine::doctor).
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use stagemark::{Engine, MemoryStore};
///
/// let engine = Engine::builder(MemoryStore::new()).start().await?;
/// assert!(engine.doctor().await?.is_empty());
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stuck {
    /// Which run.
    pub run: RunId,
    /// The name of its workflow.
    pub workflow: Arc<str>,
    /// Its version.
    pub version: u32,
    /// Its status.
    pub status: Status,
    /// What is missing.
    pub why: &'static str,
}

/// The runs that nothing explains at two looks: between the two a run may move from one explanation to another.
pub(crate) async fn examine(driver: &Driver) -> Result<Vec<Stuck>, StoreError> {
    let first: HashSet<RunId> = look(driver).await?.into_iter().map(|stuck| stuck.run).collect();
    if first.is_empty() {
        return Ok(Vec::new());
    }
    // A lease that has just lapsed is taken over when a worker looks.
    sleep(driver.settings.poll * 2).await;
    let second = look(driver).await?;
    Ok(second.into_iter().filter(|stuck| first.contains(&stuck.run)).collect())
}

async fn look(driver: &Driver) -> Result<Vec<Stuck>, StoreError> {
    let runs = driver.store.list(&Filter { ended: false, now: driver.clock.now(), limit: RUNS_MAX }).await?;
    Ok(runs.into_iter().filter_map(|run| diagnose(driver, run)).collect())
}

fn diagnose(driver: &Driver, run: Summary) -> Option<Stuck> {
    let why = if run.leases == 0 && run.queued == 0 {
        "no lease and no place in the queue, and no worker has taken it over"
    } else if run.holder == Some(driver.worker) && !driver.active.contains_key(&run.id) {
        "this worker holds it and does not carry it on"
    } else {
        return None;
    };
    Some(Stuck { run: run.id, workflow: run.workflow, version: run.version, status: run.status, why })
}
