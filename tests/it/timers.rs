//! Timers and schedules on a `SQLite` file, across engines that come, go and die.

use std::time::Duration;

use stagemark::{CatchUp, Definition, Engine, Name, Overlap, RunFilter, Schedule, Status, Workflow, from_fn};

use crate::fixture::{Fixture, ONE_STEP, finish, one_step, until};

const LATER: Workflow<u32, u32> = Workflow::new("later");
const TWICE: Name = Name::new("twice");
const OFTEN: Name = Name::new("often");
const TICK: Duration = Duration::from_millis(250);

fn echo() -> Definition {
    one_step(|_, n| async move { Ok(n) })
}

fn often() -> Schedule {
    Schedule::new(OFTEN, ONE_STEP, 7).every(TICK).unwrap().overlap(Overlap::Allow)
}

/// A step, a timer and a step.
fn later(delay: Duration) -> Definition {
    let twice = || from_fn(TWICE, |_, n: u32| async move { Ok(n * 2) });
    LATER.define(|n| n.then(twice()).after(delay).then(twice()))
}

async fn serve(fixture: &Fixture, catch_up: CatchUp) -> Engine {
    fixture.builder().await.serve(echo()).schedule(often().catch_up(catch_up)).start().await.unwrap()
}

/// The numbers of the ticks that fired, in order.
async fn fired(engine: &Engine) -> Vec<u64> {
    let runs = engine.runs(&RunFilter::new().limit(1000)).await.unwrap().runs;
    let tick = u64::try_from(TICK.as_millis()).unwrap();
    let mut ticks: Vec<_> = runs.iter().map(|run| run.submitted.0 / tick).collect();
    ticks.sort_unstable();
    ticks
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_to_begin_later_outlives_the_engine_that_took_it() {
    let fixture = Fixture::new();
    let first = fixture.serve(echo()).await;
    let moment = first.now().after(Duration::from_secs(1));
    let run = first.submit(ONE_STEP, 7).at(moment).await.unwrap().id();
    first.shutdown(Duration::from_secs(5)).await;

    let second = fixture.serve(echo()).await;
    let run = second.attach(ONE_STEP, run).await.unwrap();

    assert_eq!(run.status().await.unwrap().status, Status::Queued);
    assert_eq!(run.result().await.unwrap(), 7);
    assert!(run.status().await.unwrap().tasks[0].started.unwrap() >= moment);
    finish(second).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timer_outlives_the_engine_that_began_it_and_keeps_its_moment() {
    let fixture = Fixture::new();
    let first = fixture.serve(later(Duration::from_secs(1))).await;
    let run = first.submit(LATER, 10).await.unwrap();
    until("the timer runs", async || run.status().await.unwrap().tasks[1].due.is_some()).await;
    let due = run.status().await.unwrap().tasks[1].due.unwrap();
    let run = run.id();
    first.shutdown(Duration::from_secs(5)).await;

    let second = fixture.serve(later(Duration::from_hours(1))).await;
    let run = second.attach(LATER, run).await.unwrap();

    assert_eq!(run.result().await.unwrap(), 40);
    assert!(run.status().await.unwrap().tasks[2].started.unwrap() >= due);
    finish(second).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_engines_on_one_file_fire_a_tick_once() {
    let fixture = Fixture::new();
    let fleet = [serve(&fixture, CatchUp::Last).await, serve(&fixture, CatchUp::Last).await];

    until("eight ticks fired", async || fired(&fleet[0]).await.len() >= 8).await;

    let row = fleet[0].schedules().await.unwrap().remove(0);
    let (ticks, tick) = (fired(&fleet[0]).await, u64::try_from(TICK.as_millis()).unwrap());
    let span = row.next.unwrap().0 / tick - ticks[0];
    assert!(ticks.len() as u64 <= span, "{} runs in {span} ticks", ticks.len());
    for engine in fleet {
        finish(engine).await;
    }
}

/// An engine whose runtime is gone from one moment to the next: nothing of it is ended in order.
#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_dies_loses_no_tick_that_is_to_be_caught_up_with() {
    let fixture = Fixture::new();
    let url = fixture.url();
    let begin = move || {
        let dying = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let host = dying.block_on(async {
            let store = stagemark_sql::SqlStore::open(&url).await.unwrap();
            let builder = Engine::builder(store).lease(Duration::from_secs(1)).poll(Duration::from_millis(50));
            builder.serve(echo()).schedule(often().catch_up(CatchUp::All(100))).start().await.unwrap()
        });
        (dying, host)
    };
    let (dying, host) = tokio::task::spawn_blocking(begin).await.unwrap();
    until("a tick fired", async || !fired(&host).await.is_empty()).await;
    dying.shutdown_background();
    std::mem::forget(host);
    tokio::time::sleep(TICK * 5).await;

    let engine = serve(&fixture, CatchUp::All(100)).await;
    let first = fired(&engine).await[0];
    until("it is on time again", async || {
        let row = engine.schedules().await.unwrap().remove(0);
        row.last.is_some_and(|last| engine.now().0 < last.0 + 400) && fired(&engine).await.len() > 6
    })
    .await;

    // Each tick from the first one to the last has its run: late or on time, and whoever fired it.
    let row = engine.schedules().await.unwrap().remove(0);
    let tick = u64::try_from(TICK.as_millis()).unwrap();
    let span = row.last.unwrap().0 / tick - first;
    let runs = fired(&engine).await.len() as u64;
    assert!((span..=span + 3).contains(&runs), "{runs} runs in {span} ticks; skipped {:?}", row.skipped);
    finish(engine).await;
}
