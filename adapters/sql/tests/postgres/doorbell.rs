//! The doorbell wakes workers, and an idle worker asks seldom.

use std::{sync::Arc, time::Duration};

use stagemark::{
    Engine, Priority, RunId, Workflow,
    ports::{Delivery, Dispatch, Hint, Outbox},
};
use stagemark_services::{Postgres, Shutdown};
use stagemark_sql::SqlStore;
use tokio::time::timeout;

use crate::fixture;

const SOON: Duration = Duration::from_secs(10);
const LOOK: [Delivery; 1] = [Delivery { hint: None, tag: 0 }];

fn hint(pool: &str) -> Hint {
    let (workflow, pool) = ("w".into(), pool.into());
    Hint { run: RunId::new(), node: 0, workflow, version: 1, pool, priority: Priority::Normal, trace: None }
}

async fn bells(url: &str) -> [Arc<dyn Dispatch>; 2] {
    let (one, two) = (SqlStore::open(url).await.unwrap(), SqlStore::open(url).await.unwrap());
    [one.doorbell().unwrap(), two.doorbell().unwrap()]
}

async fn hear(bell: &Arc<dyn Dispatch>) -> Vec<Delivery> {
    timeout(SOON, bell.receive(&["cpu".into()], 10)).await.expect("it rings in time").unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ring_is_heard_by_another_host() {
    let [one, two] = bells(&fixture::schema().await).await;
    assert_eq!(hear(&two).await, LOOK, "the first thing is a look, as rings may have been missed");

    one.publish(&[hint("gpu"), hint("cpu"), hint("cpu")]).await.unwrap();

    assert_eq!(hear(&two).await, LOOK);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ring_for_another_pool_or_schema_is_not_heard() {
    let [one, two] = bells(&fixture::schema().await).await;
    let [stranger, _] = bells(&fixture::schema().await).await;
    hear(&two).await;

    stranger.publish(&[hint("cpu")]).await.unwrap();
    one.publish(&[hint("gpu")]).await.unwrap();

    let pools = ["cpu".into()];
    assert!(timeout(Duration::from_millis(300), two.receive(&pools, 10)).await.is_err(), "nobody rang for it");
    one.publish(&[hint("cpu")]).await.unwrap();
    assert_eq!(hear(&two).await, LOOK);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bell_rings_again_after_the_server_was_away() {
    let server = Postgres::temporary().unwrap();
    let [one, two] = bells(&server.url()).await;
    hear(&two).await;

    server.restart_by(Shutdown::Fast).unwrap();
    while two.receive(&["cpu".into()], 10).await.is_err() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }

    let heard = tokio::spawn(async move { hear(&two).await });
    while !heard.is_finished() {
        drop(one.publish(&[hint("cpu")]).await);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(heard.await.unwrap(), LOOK);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_worker_asks_less_than_twice_a_second() {
    const ECHO: Workflow<i32, i32> = Workflow::new("echo");
    const SECONDS: usize = 6;
    let server = Postgres::temporary().unwrap();
    for log in ["ALTER SYSTEM SET log_statement = 'all'", "SELECT pg_reload_conf()"] {
        server.sql(log).unwrap();
    }
    let store = SqlStore::open(&server.url()).await.unwrap();
    let engine = Engine::builder(store).serve(ECHO.define(|n| n)).start().await.unwrap();
    // Each statement is told once in the log of the server.
    let asked = || std::fs::read_to_string(server.place().log()).unwrap().matches("LOG:  execute ").count();
    tokio::time::sleep(Duration::from_secs(1)).await;

    let before = asked();
    tokio::time::sleep(Duration::from_secs(SECONDS as u64)).await;
    let questions = asked() - before;

    assert!((1..2 * SECONDS).contains(&questions), "{questions} statements in {SECONDS} s");
    engine.shutdown(Duration::ZERO).await;
}
