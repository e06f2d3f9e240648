//! `PostgreSQL` goes, says nothing, or lets nobody in: the engine waits, and loses nothing.

use std::time::Duration;

use sqlx::{Connection, PgConnection};
use stagemark_services::{Postgres, Shutdown};
use tokio::{task::spawn_blocking, time::sleep};

use crate::load::survive;

#[tokio::test(flavor = "multi_thread")]
async fn the_database_is_restarted() {
    survive("the database is restarted (fast)", |cluster| async move {
        spawn_blocking(move || cluster.postgres.restart_by(Shutdown::Fast)).await.unwrap().unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_is_restarted_at_once() {
    survive("the database is restarted (immediate)", |cluster| async move {
        spawn_blocking(move || cluster.postgres.restart_by(Shutdown::Immediate)).await.unwrap().unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_is_killed() {
    survive("the database is killed and recovers by its log", |cluster| async move {
        spawn_blocking(move || {
            cluster.postgres.kill().unwrap();
            cluster.postgres.start_again().unwrap();
        })
        .await
        .unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_is_paused() {
    survive("the database is paused for 10 s", |cluster| async move {
        cluster.postgres.pause().unwrap();
        sleep(Duration::from_secs(10)).await;
        cluster.postgres.resume();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_is_out_of_connections() {
    survive("others take every connection of the database for 5 s", |cluster| async move {
        let taken = occupy(&cluster.postgres).await;
        sleep(Duration::from_secs(5)).await;
        drop(taken);
    })
    .await;
}

/// Throws everybody out, and takes every connection that the server has to give.
async fn occupy(postgres: &Postgres) -> Vec<PgConnection> {
    let url = postgres.url();
    let mut taken = vec![PgConnection::connect(&url).await.unwrap()];
    let others = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
        WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";
    sqlx::query(others).execute(&mut taken[0]).await.unwrap();
    while let Ok(connection) = PgConnection::connect(&url).await {
        taken.push(connection);
    }
    assert!(taken.len() > 10, "only {} connections were to be had", taken.len());
    taken
}
