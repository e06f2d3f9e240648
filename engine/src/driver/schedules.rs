//! Fires the schedules that this worker was given, together with all others that were.
//!
//! A tick is decided on in one write, on condition of the schedule's revision: one of all hosts decides, to fire or to
//! skip. What was decided to fire is submitted under a key that names the schedule and the tick, by whoever sees it, as
//! often as need be: that is one run. So a host may die anywhere.

use std::{sync::Arc, time::Duration};

use stagemark_rules::Timestamp;
use tokio::time::sleep;

use super::{
    Driver,
    clock::{Pause, jittered},
    ledger::Origin,
};
use crate::{
    RunId, SubmitError,
    ports::{ScheduleRow, StoreError},
    schedule::{
        Planned,
        tick::{Verdict, judge},
    },
    submission::Submission,
    trace,
};

/// How often is looked what others have done meanwhile, at least.
const LOOK: Duration = Duration::from_secs(5);
/// How far hosts that wait for one tick come apart.
const APART_MS: u64 = 20;
/// How many ticks of a schedule are decided on in a row.
const TICKS_MAX: u32 = 100;

/// Why a schedule did not go on; it is tried again.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error("the schedule could not be read or written")]
    Store(#[from] StoreError),
    #[error("the run of a tick was not accepted")]
    Submit(#[from] SubmitError),
}

/// Puts down what the schedules are; one that was different until now is what is said here.
pub(crate) async fn define(driver: &Driver, schedules: &[Planned]) -> Result<(), StoreError> {
    for planned in schedules {
        while !define_one(driver, planned).await? {}
    }
    Ok(())
}

/// Tells whether it is put down; others may have been faster.
async fn define_one(driver: &Driver, planned: &Planned) -> Result<bool, StoreError> {
    let (name, definition) = (Arc::clone(&planned.name), Arc::clone(&planned.definition));
    let next = planned.timing.after(driver.clock.now());
    let rows = driver.store.schedules().await?;
    let row = match rows.into_iter().find(|row| row.name == planned.name) {
        Some(row) if row.definition == planned.definition => return Ok(true),
        // Where the ticks are the same, those that were missed are not forgotten.
        Some(row) if planned.ticks_as(&row.definition) => ScheduleRow { definition, ..row },
        Some(row) => {
            tracing::info!(schedule = %name, before = %row.definition, "the schedule is another one from now on");
            ScheduleRow { definition, next, ..row }
        }
        None => ScheduleRow { next, ..ScheduleRow::new(name, definition) },
    };
    driver.store.put_schedule(&row).await
}

pub(super) async fn keep(driver: Arc<Driver>, schedules: Vec<Planned>) {
    let (mut trouble, mut failing) = (Pause::default(), false);
    let mut wait = Duration::ZERO;
    loop {
        tokio::select! {
            () = driver.closing.cancelled() => return,
            () = sleep(wait) => {}
        }
        wait = match look(&driver, &schedules).await {
            Ok(next) => {
                (trouble, failing) = (Pause::default(), false);
                next
            }
            Err(error) => {
                if !std::mem::replace(&mut failing, true) {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, "schedules do not go on; it is tried again");
                }
                trouble.next()
            }
        };
    }
}

/// Brings all schedules as far as they may come; tells when to look again.
async fn look(driver: &Arc<Driver>, schedules: &[Planned]) -> Result<Duration, Trouble> {
    let rows = driver.store.schedules().await?;
    let mut wait = jittered(LOOK);
    for planned in schedules {
        // Under another definition it is another's: a host that started later.
        let mine = rows.iter().find(|row| row.name == planned.name && row.definition == planned.definition);
        if let Some(row) = mine {
            wait = wait.min(go_on(driver, planned, row.clone()).await?);
        }
    }
    Ok(wait)
}

async fn go_on(driver: &Arc<Driver>, planned: &Planned, mut row: ScheduleRow) -> Result<Duration, Trouble> {
    for _ in 0..TICKS_MAX {
        let now = driver.clock.now();
        let next = if let Some(tick) = row.firing {
            let run = fire(driver, planned, tick).await?;
            tracing::info!(schedule = %planned.name, tick = tick.0, %run, "schedule fired");
            ScheduleRow { firing: None, last: Some(tick), run: Some(run), ..row.clone() }
        } else if row.next.is_none_or(|next| next > now) {
            return Ok(row.next.map_or(LOOK, |next| until(now, next)));
        } else {
            match judge(&row, planned, now, runs(driver, row.run).await?) {
                Verdict::Wait => return Ok(jittered(driver.settings.poll)),
                Verdict::Move(next) => next,
            }
        };
        if !driver.store.put_schedule(&next).await? {
            // Another host was first; what it did is seen at the next look.
            return Ok(jittered(driver.settings.poll));
        }
        if next.skipped != row.skipped {
            let tick = next.skipped.map(|tick| tick.0);
            tracing::info!(schedule = %planned.name, tick, "schedule tick skipped: it was missed, or the former run goes on");
        }
        row = ScheduleRow { revision: row.revision + 1, ..next };
    }
    Ok(Duration::ZERO)
}

/// How long to wait for a tick: hosts come a little apart, so that mostly one of them writes.
fn until(now: Timestamp, next: Timestamp) -> Duration {
    Duration::from_millis(next.0.saturating_sub(now.0).saturating_add(rand::random_range(0..APART_MS)))
}

/// Whether the run of the former tick has yet to end.
async fn runs(driver: &Driver, run: Option<RunId>) -> Result<bool, StoreError> {
    let Some(run) = run else { return Ok(false) };
    // One that was forgotten has ended.
    Ok(driver.store.load(&[run]).await?.iter().any(|run| !run.status.has_ended()))
}

/// Submits the run of a tick, or finds the one that was.
async fn fire(driver: &Arc<Driver>, planned: &Planned, tick: Timestamp) -> Result<RunId, Trouble> {
    let key = format!("stagemark/schedule/{}/{}", planned.name, tick.0);
    let (workflow, version, input) = (Arc::clone(&planned.workflow), planned.version, Arc::clone(&planned.input));
    let plan = driver.plan(&workflow, version).await?;
    let span = tracing::debug_span!("schedule", workflow = %workflow);
    let trace = trace::begin(&span, None);
    let origin = Origin { run: RunId::new(), workflow, version, input, priority: planned.priority, trace };
    let submission = Submission::new(plan, origin, Some(key), driver.clock.now())?;
    match submission.send::<()>(Arc::clone(driver)).await {
        Ok(run) => Ok(run.id()),
        // It fired when the schedule had another input.
        Err(SubmitError::KeyReused { run, .. }) => Ok(run),
        Err(error) => Err(error.into()),
    }
}
