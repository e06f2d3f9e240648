//! What an attempt keeps for the next one while the database is locked.

use std::{sync::Arc, time::Duration};

use stagemark::{Attempt, Backoff, Definition, Engine, Step, from_fn};
use stagemark_sql::SqlStore;
use tokio::sync::Notify;

use crate::{
    fixture::{Fixture, ONE_STEP, ONLY, finish, until},
    spans::Log,
};

/// The first attempt says that it begins, keeps something when it is told to, and fails when it is told to; the next
/// one answers what it was given.
fn keeps(begun: &Arc<Notify>, go_on: &Arc<Notify>) -> Definition {
    let (begun, go_on) = (Arc::clone(begun), Arc::clone(go_on));
    let step = from_fn(ONLY, move |attempt: Attempt, _: u32| {
        let (begun, go_on) = (Arc::clone(&begun), Arc::clone(&go_on));
        async move {
            if attempt.number() > 1 {
                return Ok(attempt.resume::<u32>()?.unwrap_or(0));
            }
            begun.notify_one();
            go_on.notified().await;
            attempt.checkpoint(&7)?;
            go_on.notified().await;
            Err("again".into())
        }
    });
    ONE_STEP.define(|n| n.then(step.backoff(Backoff::Fixed(Duration::from_millis(20)))))
}

async fn serve(fixture: &Fixture, definition: Definition) -> Engine {
    let store = SqlStore::options().busy_timeout(Duration::from_millis(50)).open(&fixture.url()).await.unwrap();
    let builder = Engine::builder(store).scratch(fixture.path().join("scratch")).lease(Duration::from_mins(1));
    builder.serve(definition).start().await.unwrap()
}

#[tokio::test]
async fn what_an_attempt_kept_while_the_database_was_locked_reaches_the_next() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_writer(log.clone()).with_ansi(false).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let (begun, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let fixture = Fixture::new();
    let engine = serve(&fixture, keeps(&begun, &go_on)).await;
    let run = engine.submit(ONE_STEP, 1).await.unwrap();
    begun.notified().await;
    let other = rusqlite::Connection::open(fixture.path().join("stagemark.db")).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();

    go_on.notify_one();
    until("a heartbeat has failed", async || log.says("the lease was not renewed")).await;
    go_on.notify_one();
    // The end of the attempt meets the lock too.
    assert!(engine.submit(ONE_STEP, 2).await.is_err());
    other.execute_batch("COMMIT").unwrap();

    assert_eq!(run.result().await.unwrap(), 7);
    finish(engine).await;
}
