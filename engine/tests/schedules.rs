//! Schedules in memory, by a clock that the tests move: no tick twice, none lost, and none where none should be.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "common/guarded.rs"]
mod guarded;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};

use guarded::{Guard, Guarded, away};
use stagemark::{
    Builder, CatchUp, Definition, Engine, Name, Overlap, RunFilter, Schedule, ScheduleStatus, Timestamp, Workflow,
    from_fn,
    ports::{ScheduleRow, Schedules, StoreError},
};

const ECHO: Workflow<u32, u32> = Workflow::new("echo");
const ENDLESS: Workflow<u32, u32> = Workflow::new("endless");
const HOURLY: Name = Name::new("hourly");
const HOUR_MS: u64 = 3_600_000;

/// A store whose clock is as much ahead as the test says, and which writes no schedules so many times.
#[derive(Clone, Debug, Default)]
struct Ahead(Arc<AtomicU64>, Arc<AtomicU64>);

impl Guard for Ahead {
    fn time(&self, told: Timestamp) -> Timestamp {
        Timestamp(told.0 + self.0.load(SeqCst))
    }

    fn put_schedule(&self, _: &ScheduleRow) -> Result<(), StoreError> {
        let refused = self.1.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1));
        refused.map_or(Ok(()), |_| Err(away("writing a schedule")))
    }
}

type Clocked = Guarded<Ahead>;

/// Moves the clock, so that it is a little after the hour that is so many hours from now; tells that hour.
fn to_hour(store: &Clocked, later: u64) -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
    let now = u64::try_from(now).unwrap() + store.guard.0.load(SeqCst);
    let hour = now / HOUR_MS + later;
    store.guard.0.fetch_add(hour * HOUR_MS + 5 - now.min(hour * HOUR_MS), SeqCst);
    hour
}

fn echo() -> Definition {
    ECHO.define(|n| n)
}

fn hourly(workflow: Workflow<u32, u32>) -> Schedule {
    Schedule::new(HOURLY, workflow, 7).every(Duration::from_hours(1)).unwrap()
}

fn builder(store: &Clocked) -> Builder {
    Engine::builder(store.clone()).poll(Duration::from_millis(10)).lease(Duration::from_secs(1))
}

async fn only(engine: &Engine) -> ScheduleStatus {
    engine.schedules().await.unwrap().remove(0)
}

/// Waits until something is so of the schedule.
async fn until(engine: &Engine, is_so: impl Fn(&ScheduleStatus) -> bool) -> ScheduleStatus {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
    loop {
        let status = only(engine).await;
        if is_so(&status) {
            return status;
        }
        assert!(tokio::time::Instant::now() < deadline, "{status:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn hour(hour: u64) -> Timestamp {
    Timestamp(hour * HOUR_MS)
}

async fn count(engine: &Engine) -> usize {
    engine.runs(&RunFilter::new()).await.unwrap().runs.len()
}

async fn finish(engine: Engine) {
    assert_eq!(engine.doctor().await.unwrap(), []);
    engine.shutdown(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_tick_is_one_run_however_many_hosts_there_are() {
    let store = Clocked::default();
    let mut fleet = Vec::new();
    for _ in 0..4 {
        fleet.push(builder(&store).serve(echo()).schedule(hourly(ECHO)).start().await.unwrap());
    }

    for _ in 0..3 {
        let hour_of_day = to_hour(&store, 1);
        until(&fleet[0], |status| status.last == Some(hour(hour_of_day))).await;
    }

    assert_eq!(count(&fleet[0]).await, 3);
    for engine in fleet {
        finish(engine).await;
    }
}

#[tokio::test]
async fn ticks_that_passed_while_nobody_was_there_are_caught_up_with() {
    for (catch_up, expected) in [(CatchUp::Skip, 0), (CatchUp::Last, 1), (CatchUp::All(3), 3)] {
        let store = Clocked::default();
        let serve = || builder(&store).serve(echo()).schedule(hourly(ECHO).catch_up(catch_up).overlap(Overlap::Wait));
        serve().start().await.unwrap().shutdown(Duration::from_secs(5)).await;

        // Ten minutes after the hour, so that no tick is of just now.
        let now = to_hour(&store, 5);
        store.guard.0.fetch_add(600_000, SeqCst);
        let engine = serve().start().await.unwrap();
        let is_over = |status: &ScheduleStatus| {
            status.next == Some(hour(now + 1)) && (expected == 0 || status.last == Some(hour(now)))
        };
        let status = until(&engine, is_over).await;

        assert!(status.skipped.is_some(), "{catch_up:?} gave up some");
        assert_eq!(count(&engine).await, expected, "{catch_up:?}");
        finish(engine).await;
    }
}

#[tokio::test]
async fn a_tick_is_skipped_and_told_while_the_former_run_goes_on() {
    let store = Clocked::default();
    let wait = from_fn(Name::new("wait"), |attempt, n: u32| async move {
        attempt.cancelled().await;
        Ok(n)
    });
    let endless = ENDLESS.define(|n| n.then(wait));
    let engine = builder(&store).serve(endless).schedule(hourly(ENDLESS)).start().await.unwrap();
    let first = to_hour(&store, 1);
    let run = until(&engine, |status| status.last == Some(hour(first))).await.run.unwrap();

    let second = to_hour(&store, 1);
    let status = until(&engine, |status| status.skipped == Some(hour(second))).await;
    assert_eq!((status.last, status.run, count(&engine).await), (Some(hour(first)), Some(run), 1));

    engine.cancel_run(run).await.unwrap();
    let third = to_hour(&store, 1);
    let next = until(&engine, |status| status.last == Some(hour(third))).await.run.unwrap();
    assert_ne!(next, run);
    engine.cancel_run(next).await.unwrap();
    finish(engine).await;
}

#[tokio::test]
async fn a_changed_definition_takes_over_and_the_host_of_the_old_one_lets_it_be() {
    let store = Clocked::default();
    let old = builder(&store).serve(echo()).schedule(hourly(ECHO)).start().await.unwrap();
    let daily = Schedule::new(HOURLY, ECHO, 8).cron("0 0 * * *").unwrap();

    let new = builder(&store).serve(echo()).schedule(daily).start().await.unwrap();
    let status = only(&old).await;
    assert_eq!((status.timing.as_str(), status.next.unwrap().0 % (24 * HOUR_MS)), ("cron 0 0 * * * in UTC", 0));

    to_hour(&store, 25);
    let fired = until(&new, |status| status.last.is_some()).await;
    let midnight = fired.last.unwrap().0;
    assert_eq!((midnight % (24 * HOUR_MS), count(&new).await), (0, 1));
    for engine in [old, new] {
        finish(engine).await;
    }
}

#[tokio::test]
async fn a_new_input_alone_does_not_forget_a_tick_that_was_missed() {
    let store = Clocked::default();
    let first = builder(&store).serve(echo()).schedule(hourly(ECHO)).start().await.unwrap();
    first.shutdown(Duration::from_secs(5)).await;
    let missed = to_hour(&store, 1);
    store.guard.0.fetch_add(600_000, SeqCst);

    let other = Schedule::new(HOURLY, ECHO, 8).every(Duration::from_hours(1)).unwrap();
    let second = builder(&store).serve(echo()).schedule(other).start().await.unwrap();

    let run = until(&second, |status| status.last == Some(hour(missed))).await.run.unwrap();
    assert_eq!(second.attach(ECHO, run).await.unwrap().result().await.unwrap(), 8);
    finish(second).await;
}

#[tokio::test]
async fn a_tick_whose_host_died_between_the_decision_and_the_run_fires() {
    let store = Clocked::default();
    let dead = builder(&store).schedule(hourly(ECHO)).start().await.unwrap();
    dead.shutdown(Duration::from_secs(5)).await;
    let row = store.schedules().await.unwrap().remove(0);
    let tick = row.next.unwrap();
    let decided = ScheduleRow { firing: Some(tick), next: Some(Timestamp(tick.0 + HOUR_MS)), ..row };
    assert!(store.put_schedule(&decided).await.unwrap());

    let engine = builder(&store).serve(echo()).schedule(hourly(ECHO)).start().await.unwrap();

    until(&engine, |status| status.last == Some(tick)).await;
    assert_eq!(count(&engine).await, 1);
    finish(engine).await;
}

#[tokio::test]
async fn a_store_that_is_away_loses_no_tick() {
    let store = Clocked::default();
    let engine = builder(&store).serve(echo()).schedule(hourly(ECHO)).start().await.unwrap();
    store.guard.1.store(3, SeqCst);

    let tick = to_hour(&store, 1);

    until(&engine, |status| status.last == Some(hour(tick))).await;
    assert_eq!((store.guard.1.load(SeqCst), count(&engine).await), (0, 1));
    finish(engine).await;
}
