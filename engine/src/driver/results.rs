//! Results that are kept: taken where they are, and made once where several want the same.
//!
//! Of the attempts of one worker that want a result one asks the store; the others stand behind it in memory. Of several
//! workers the store grants it to one, whose lease, or else the timeout of the step, bounds how long the others wait.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use dashmap::DashMap;
use serde::Deserialize;
use serde_json::Value;
use stagemark_rules::Timestamp;
use tokio::{
    runtime::Handle,
    sync::{Mutex, OwnedMutexGuard},
    time::sleep,
};
use tokio_util::sync::CancellationToken;

use super::{
    Driver,
    clock::{Pause, jittered},
    execute::{Failure, execute},
};
use crate::{
    Artifact, Attempt, StepCall,
    ports::{Found, KeptResult, Maker, ResultKey, Wanted},
    workflow::Planned,
};

/// How long after its timeout a step may still be on its way to the store.
const GRACE: Duration = Duration::from_secs(30);
/// How long at most to wait before looking again whether another worker has made it.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// How often results are looked for that may not be taken any more.
const SWEEP: Duration = Duration::from_mins(10);
/// How long they stay after that: whoever took one just in time has committed it by then, and speaks for its artifacts.
const SWEEP_GRACE: Duration = Duration::from_mins(10);
/// How many are removed at a time.
const SWEEP_MAX: u32 = 500;

const WAITING: &str = "waiting for another run to make the same";

/// An output, and how the attempt came by it.
#[derive(Clone, Debug)]
pub(crate) struct Made {
    pub(crate) output: Arc<str>,
    pub(crate) source: Source,
}

#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// The step made it, for its run alone.
    Step,
    /// The step made it, and it is to be kept.
    ToKeep(Arc<Making>),
    /// Another task had made it.
    Taken,
}

impl From<Arc<str>> for Made {
    fn from(output: Arc<str>) -> Self {
        Self { output, source: Source::Step }
    }
}

/// The attempts of this worker that want results, by these.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    lines: DashMap<ResultKey, Arc<Mutex<()>>>,
}

/// The first place in the line for a result; dropped, the next one has it.
#[derive(Debug)]
struct Place {
    driver: Arc<Driver>,
    key: ResultKey,
    held: Option<OwnedMutexGuard<()>>,
}

impl Place {
    async fn first(driver: &Arc<Driver>, key: ResultKey, attempt: &Attempt) -> Self {
        // Made before the wait: whoever gives up waiting leaves no line behind either.
        let mut place = Self { driver: Arc::clone(driver), key, held: None };
        let line = Arc::clone(&driver.lines.lines.entry(key).or_default());
        if let Ok(held) = Arc::clone(&line).try_lock_owned() {
            place.held = Some(held);
        } else {
            attempt.progress(0.0, WAITING);
            place.held = Some(line.lock_owned().await);
        }
        place
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        drop(self.held.take());
        self.driver.lines.lines.remove_if(&self.key, |_, line| Arc::strong_count(line) == 1);
    }
}

/// That an attempt makes a result which is to be kept: unless it was, it is given up when this is dropped.
#[derive(Debug)]
pub(crate) struct Making {
    key: ResultKey,
    step: Arc<str>,
    maker: Maker,
    keep: Duration,
    /// Whether the store may keep others from making it.
    may_be_granted: bool,
    is_kept: AtomicBool,
    place: Option<Place>,
}

impl Making {
    /// What is to be stored with the marker.
    pub(super) fn result(&self, output: &Arc<str>, now: Timestamp) -> KeptResult {
        let (step, output, until) = (Arc::clone(&self.step), Arc::clone(output), now.after(self.keep));
        KeptResult { key: self.key, step, maker: self.maker, output, until }
    }

    pub(super) fn set_kept(&self) {
        self.is_kept.store(true, Relaxed);
    }
}

impl Drop for Making {
    fn drop(&mut self) {
        let Some(place) = self.place.take() else { return };
        if !self.may_be_granted || self.is_kept.load(Relaxed) {
            return;
        }
        // Where the runtime is gone, so is the worker, and its lease will end.
        let Ok(_runtime) = Handle::try_current() else { return };
        let (key, maker) = (self.key, self.maker);
        place.driver.tracker.clone().spawn(async move {
            if let Err(error) = place.driver.store.give_up(key, maker).await {
                let error = &error as &dyn std::error::Error;
                tracing::debug!(%key, error, "a result was not given up; others wait until the timeout of its step");
            }
        });
    }
}

/// What an attempt wants.
struct Wish<'a> {
    driver: &'a Arc<Driver>,
    planned: &'a Planned,
    attempt: &'a Attempt,
    maker: Maker,
}

enum Come {
    Kept(Arc<str>),
    ToMake(Making),
}

/// Takes the result of an attempt where it is kept; else makes it.
pub(super) async fn make_or_take(
    (driver, maker): (Arc<Driver>, Maker),
    planned: Planned,
    (call, trace): (StepCall, Option<Arc<str>>),
    cancel: CancellationToken,
) -> Result<Made, Failure> {
    let Some(recipe) = planned.recipe else {
        return execute(planned, call, trace, cancel).await.map(Made::from);
    };
    let attempt = call.attempt.clone();
    let wish = Wish { driver: &driver, planned: &planned, attempt: &attempt, maker };
    let come = tokio::select! {
        biased;
        () = cancel.cancelled() => return Err(Failure::passing("the attempt was stopped")),
        come = wish.come(recipe.on(&call.input), recipe.keep) => come,
    };
    match come {
        Come::Kept(output) => Ok(Made { output, source: Source::Taken }),
        Come::ToMake(making) => {
            let output = execute(planned, call, trace, cancel).await?;
            Ok(Made { output, source: Source::ToKeep(Arc::new(making)) })
        }
    }
}

impl Wish<'_> {
    async fn come(&self, key: ResultKey, keep: Duration) -> Come {
        let step: Arc<str> = self.planned.name.as_str().into();
        let place = Some(Place::first(self.driver, key, self.attempt).await);
        let is_kept = AtomicBool::new(false);
        let mut making =
            Making { key, step: Arc::clone(&step), maker: self.maker, keep, may_be_granted: false, is_kept, place };
        let (mut useless, mut pause) = (None, Pause::default());
        loop {
            let now = self.driver.clock.now();
            let until = now.after(self.planned.options.timeout.saturating_add(GRACE));
            let wanted =
                Wanted { key, step: Arc::clone(&step), maker: self.maker, now, until, useless: useless.clone() };
            // Before the answer: who stops waiting for it does not know whether it was.
            making.may_be_granted = true;
            match self.driver.store.want(&wanted).await {
                Ok(Found::Granted) => return Come::ToMake(making),
                Ok(Found::Kept(output)) => {
                    making.may_be_granted = false;
                    if self.is_of_use(&output).await {
                        tracing::debug!(run = %self.maker.run, %step, %key, "result taken");
                        return Come::Kept(output);
                    }
                    useless = Some(output);
                }
                Ok(Found::Busy) => {
                    making.may_be_granted = false;
                    self.attempt.progress(0.0, WAITING);
                    sleep(jittered(pause.next().min(LOOK_AGAIN))).await;
                }
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::debug!(run = %self.maker.run, %step, error, "no result was looked up; the step is run");
                    return Come::ToMake(making);
                }
            }
        }
    }

    /// Whether the output is one of the step as it is today, and all artifacts that it names are there.
    async fn is_of_use(&self, output: &str) -> bool {
        if !(self.planned.fits)(output) {
            return false;
        }
        let mut named = Vec::new();
        // What is no JSON has not come this far.
        serde_json::from_str(output).map(|value| find_artifacts(value, &mut named)).unwrap_or_default();
        for Artifact { key, size_bytes, .. } in named {
            let Some(artifacts) = &self.driver.places.artifacts else { return false };
            // One that cannot be asked for now is better made anew than trusted.
            if !matches!(artifacts.size_bytes(&key).await, Ok(Some(size)) if size == size_bytes) {
                return false;
            }
        }
        true
    }
}

/// The artifacts that a value names, wherever they stand in it.
fn find_artifacts(value: Value, named: &mut Vec<Artifact>) {
    match value {
        Value::Array(values) => values.into_iter().for_each(|value| find_artifacts(value, named)),
        Value::Object(fields) => {
            if let Ok(artifact) = Artifact::deserialize(&fields) {
                named.push(artifact);
            }
            fields.into_iter().for_each(|(_, value)| find_artifacts(value, named));
        }
        _ => {}
    }
}

/// Removes results that may not be taken any more, now and then.
pub(super) async fn sweep(driver: Arc<Driver>) {
    let mut wait = Duration::ZERO;
    loop {
        tokio::select! {
            () = driver.closing.cancelled() => return,
            () = sleep(wait) => {}
        }
        let before = Timestamp(driver.clock.now().0.saturating_sub(millis(SWEEP_GRACE)));
        wait = match driver.store.expire(before, SWEEP_MAX).await {
            Ok(SWEEP_MAX..) => LOOK_AGAIN,
            Ok(_) => jittered(SWEEP),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::debug!(error, "results that are over were not removed; it is tried again");
                jittered(SWEEP)
            }
        };
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
