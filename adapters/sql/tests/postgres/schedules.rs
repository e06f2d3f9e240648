//! Schedules of a fleet on a real `PostgreSQL`: each tick is one run, whoever dies and whatever is away.

use std::time::{Duration, Instant};

use stagemark::{CatchUp, Engine, Name, Overlap, Schedule, Workflow};
use stagemark_services::Postgres;
use stagemark_sql::SqlStore;

const ECHO: Workflow<u32, u32> = Workflow::new("echo");
const TICK_MS: u64 = 250;

async fn host(url: &str) -> Engine {
    let often = Schedule::new(Name::new("often"), ECHO, 7).every(Duration::from_millis(TICK_MS)).unwrap();
    let often = often.catch_up(CatchUp::All(1_000)).overlap(Overlap::Allow);
    let store = SqlStore::options().connections(4).open(url).await.unwrap();
    let builder = Engine::builder(store).lease(Duration::from_secs(1)).poll(Duration::from_millis(50));
    builder.serve(ECHO.define(|n| n)).schedule(often).start().await.unwrap()
}

/// The ticks that have runs, each as often as it has, in order.
fn ticks(server: &Postgres) -> Vec<u64> {
    let keys = server.sql("SELECT key FROM stagemark_run").unwrap();
    let tick = |key: &str| key.rsplit('/').next().unwrap().parse::<u64>().unwrap() / TICK_MS;
    let mut ticks: Vec<_> = keys.lines().map(tick).collect();
    ticks.sort_unstable();
    ticks
}

async fn until(server: &Postgres, count: usize) {
    let begun = Instant::now();
    while ticks(server).len() < count {
        assert!(begun.elapsed() < Duration::from_mins(1), "{count} ticks fire");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// From the first to the last each tick has one run.
fn assert_whole(server: &Postgres) {
    let ticks = ticks(server);
    let whole: Vec<_> = (ticks[0]..).take(ticks.len()).collect();
    assert_eq!(ticks, whole);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tick_is_one_run_of_the_fleet() {
    let server = Postgres::temporary().unwrap();
    let fleet = [host(&server.url()).await, host(&server.url()).await, host(&server.url()).await];

    until(&server, 12).await;

    for engine in fleet {
        assert_eq!(engine.doctor().await.unwrap(), []);
        engine.shutdown(Duration::from_secs(5)).await;
    }
    assert_whole(&server);
}

/// A host whose runtime is gone from one moment to the next: nothing of it is ended in order.
#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_dies_loses_no_tick() {
    let server = Postgres::temporary().unwrap();
    let url = server.url();
    let begin = move || {
        let dying = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let engine = dying.block_on(host(&url));
        (dying, engine)
    };
    let (dying, dead) = tokio::task::spawn_blocking(begin).await.unwrap();
    let survivor = host(&server.url()).await;
    until(&server, 4).await;

    dying.shutdown_background();
    until(&server, 12).await;

    survivor.shutdown(Duration::from_secs(5)).await;
    std::mem::forget(dead);
    assert_whole(&server);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_killed_and_comes_back_loses_no_tick() {
    let server = Postgres::temporary().unwrap();
    let fleet = [host(&server.url()).await, host(&server.url()).await];
    until(&server, 4).await;

    server.kill().unwrap();
    tokio::time::sleep(Duration::from_millis(TICK_MS * 4)).await;
    server.start_again().unwrap();
    until(&server, 16).await;

    for engine in fleet {
        engine.shutdown(Duration::from_secs(5)).await;
    }
    assert_whole(&server);
}
