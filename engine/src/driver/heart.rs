//! The heart of a worker: renews its lease, stores what its attempts reported, and learns which runs others ended.

use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::{Duration, Instant},
};

use stagemark_rules::{TaskId, Timestamp};
use tokio::time::sleep;

use super::{Driver, active::Message, clock::Pause, interest::Seen, ledger::Ledger, live::Reporter};
use crate::{
    Attempt, RunId,
    attempt::Heartbeat,
    ports::{Heartbeats, HeldBeat, StoreError},
};

/// How often reports are stored.
const REPORT_INTERVAL: Duration = Duration::from_secs(1);

pub(super) async fn beat(driver: Arc<Driver>) {
    let renewal = driver.settings.lease / 3;
    let tick = renewal.min(REPORT_INTERVAL);
    let mut renewed = Instant::now();
    let mut failing = false;
    loop {
        driver.measure();
        tokio::select! {
            () = driver.over.cancelled() => return,
            () = sleep(tick) => {}
        }
        let beats = driver.reports();
        let due = renewed.elapsed() + tick > renewal;
        let mut watching = driver.waited_for();
        if due {
            watching.extend(driver.active.iter().map(|entry| *entry.key()));
        }
        if !due && beats.is_empty() && watching.is_empty() {
            continue;
        }
        let told: Vec<_> = beats.iter().map(|(run, beat)| (*run, beat.id, beat.attempt)).collect();
        match send(&driver, beats, watching).await {
            Ok(()) => (renewed, failing) = (Instant::now(), false),
            Err(error) => {
                driver.put_off(&told);
                if !std::mem::replace(&mut failing, true) {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, "the lease was not renewed; it is tried again");
                }
            }
        }
    }
}

async fn send(driver: &Arc<Driver>, beats: Vec<(RunId, HeldBeat)>, watching: Vec<RunId>) -> Result<(), StoreError> {
    let ended = driver.renew(beats, watching).await?;
    let mut elsewhere = Vec::new();
    for run in ended {
        match driver.active.get(&run) {
            Some(active) => drop(active.send(Message::Over)),
            None => elsewhere.push(run),
        }
    }
    if elsewhere.is_empty() {
        return Ok(());
    }
    for record in driver.store.load(&elsewhere).await? {
        let Some(plan) = driver.plan(&record.workflow, record.version).await? else { continue };
        let run = record.id;
        let end = Ledger::of(plan, record).end();
        if end.status.has_ended() {
            driver.interest.tell(run, Seen::Ended(Arc::new(end)));
        }
    }
    Ok(())
}

impl Driver {
    /// Tells how busy this worker is.
    fn measure(&self) {
        let (all, free) = (self.slots.all(), self.slots.free_in_all());
        self.meters.slots.set(all);
        self.meters.slots_in_use.set(all.saturating_sub(free));
        self.meters.active.set(u32::try_from(self.active.len()).unwrap_or(u32::MAX));
    }

    /// Renews the lease of this worker and sets its clock; gives the watched runs that have ended.
    pub(crate) async fn renew(
        &self,
        beats: Vec<(RunId, HeldBeat)>,
        watching: Vec<RunId>,
    ) -> Result<Vec<RunId>, StoreError> {
        let now = self.clock.now();
        let until = now.after(self.settings.lease);
        let asked = Instant::now();
        let renewed = self.store.heartbeat(&Heartbeats { worker: self.worker, now, until, beats, watching }).await?;
        self.clock.set(renewed.now, asked, Instant::now());
        self.leased_until.store(until.0, Relaxed);
        Ok(renewed.ended)
    }

    /// Ends the lease of this worker: nothing is in its hands any more.
    pub(crate) async fn end_lease(&self) -> Result<(), StoreError> {
        let (now, until) = (self.clock.now(), Timestamp(0));
        let (beats, watching) = (Vec::new(), Vec::new());
        self.store.heartbeat(&Heartbeats { worker: self.worker, now, until, beats, watching }).await?;
        Ok(())
    }

    /// Keeps what a failed attempt left for the next one, before the next can begin elsewhere.
    pub(crate) async fn keep(&self, attempt: &Attempt, heard: &Heartbeat) {
        if heard.details.is_none() || !heard.unsaved {
            return;
        }
        let mut pause = Pause::default();
        while let Err(error) = self.keep_once(attempt, heard).await {
            if !self.has_time(&pause) {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(run = %attempt.run(), step = %attempt.step(), error, "resume details were not kept");
                return;
            }
            pause.wait().await;
        }
    }

    async fn keep_once(&self, attempt: &Attempt, heard: &Heartbeat) -> Result<(), StoreError> {
        let until = Timestamp(self.leased_until.load(Relaxed));
        let beats = vec![(attempt.run(), held(attempt, heard))];
        let beats = Heartbeats { worker: self.worker, now: self.clock.now(), until, beats, watching: Vec::new() };
        self.store.heartbeat(&beats).await.map(drop)
    }

    /// What was heard since the last time; resume details alone where readers see the rest without the database.
    fn reports(&self) -> Vec<(RunId, HeldBeat)> {
        let details_alone = self.live.as_ref().is_some_and(Reporter::is_seen);
        let heard = self.reporting.iter().filter_map(|entry| {
            let attempt = entry.value();
            attempt.take_unsaved(details_alone).map(|beat| (attempt.run(), held(attempt, &beat)))
        });
        heard.collect()
    }

    /// These reports were not stored: they go with the next.
    fn put_off(&self, reports: &[(RunId, TaskId, u32)]) {
        for report in reports {
            if let Some(attempt) = self.reporting.get(report) {
                attempt.set_unsaved();
            }
        }
    }

    /// The runs that are waited for here and carried on elsewhere.
    fn waited_for(&self) -> Vec<RunId> {
        self.interest.runs().into_iter().filter(|run| !self.active.contains_key(run)).collect()
    }
}

pub(super) fn held(attempt: &Attempt, heard: &Heartbeat) -> HeldBeat {
    HeldBeat {
        id: attempt.identity().task,
        attempt: attempt.number(),
        fraction: heard.fraction,
        message: Arc::clone(&heard.message),
        details: heard.details.clone(),
    }
}
