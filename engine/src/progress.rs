//! The statuses that a run goes through, as one who watches sees them.

use std::{sync::Arc, time::Duration};

use futures::{Stream, stream};
use tokio::time::{Instant, sleep, timeout};

use crate::{
    RunError, RunId, RunStatus,
    driver::{
        Driver,
        interest::Watch,
        live::{TOLD, updated},
    },
    ports::{Glimpse, Record},
    run::read,
    workflow::Plan,
};

/// How often progress is told at most.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(100);
/// How many polls pass between two looks into the store where live news says that nothing has changed.
const POLLS: u32 = 5;

/// The status of a run now.
pub(crate) async fn see(driver: &Driver, run: RunId) -> Result<RunStatus, RunError> {
    Ok(Sight::of(driver, run).await?.status(driver))
}

/// The statuses of a run from now on; ends after that in which it has ended, or after an error.
pub(crate) fn watch(driver: Arc<Driver>, run: RunId) -> impl Stream<Item = Result<RunStatus, RunError>> + Send {
    let watch = driver.interest.watch(run);
    let watcher = Watcher { driver, run, watch, last: None };
    stream::unfold(Some(watcher), |watcher| async move {
        let mut watcher = watcher?;
        let status = watcher.next().await;
        let goes_on = status.as_ref().is_ok_and(|status| !status.status.has_ended());
        Some((status, goes_on.then_some(watcher)))
    })
}

/// What was read of a run, and when.
struct Sight {
    record: Record,
    plan: Option<Arc<Plan>>,
    glimpse: Option<Glimpse>,
    read: Instant,
}

impl Sight {
    async fn of(driver: &Driver, run: RunId) -> Result<Self, RunError> {
        let record = read(driver, run).await?;
        let plan = driver.plan(&record.workflow, record.version).await?;
        let glimpse = driver.glimpse(&record).await;
        Ok(Self { record, plan, glimpse, read: Instant::now() })
    }

    fn status(&self, driver: &Driver) -> RunStatus {
        match &self.glimpse {
            Some(glimpse) => RunStatus::of(driver, self.plan.clone(), &updated(&self.record, glimpse)),
            None => RunStatus::of(driver, self.plan.clone(), &self.record),
        }
    }
}

struct Watcher {
    driver: Arc<Driver>,
    run: RunId,
    watch: Watch,
    last: Option<Sight>,
}

impl Watcher {
    async fn next(&mut self) -> Result<RunStatus, RunError> {
        // What was seen before is of no use once the run has ended.
        if let Some(last) = self.last.take()
            && self.watch.end().is_none()
        {
            sleep(PROGRESS_INTERVAL).await;
            self.last = self.wait(last).await;
        }
        if self.driver.over.is_cancelled() {
            return Err(RunError::Closed);
        }
        let sight = match self.last.take() {
            Some(sight) => sight,
            None => Sight::of(&self.driver, self.run).await?,
        };
        let status = sight.status(&self.driver);
        self.last = Some(sight);
        Ok(status)
    }

    /// Waits for news; gives what is known now where the store need not be asked for it.
    async fn wait(&mut self, last: Sight) -> Option<Sight> {
        let poll = self.driver.settings.poll;
        // What is carried on elsewhere is not told here at once.
        let Some(seen) = &last.glimpse else {
            let _unmoved = timeout(poll, self.watch.moved()).await;
            return None;
        };
        while last.read.elapsed() < poll * POLLS {
            if timeout(TOLD, self.watch.moved()).await.is_ok() {
                return None;
            }
            let glimpse = self.driver.glimpse(&last.record).await?;
            if glimpse.standing != seen.standing {
                return None;
            }
            if glimpse.beats != seen.beats {
                return Some(Sight { glimpse: Some(glimpse), ..last });
            }
        }
        None
    }
}
