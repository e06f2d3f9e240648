//! A role that may do no more than it must.

use sea_orm::{ConnectionTrait, Database};
use stagemark::{
    Engine, RunId, Workflow,
    ports::{Store, StoreErrorKind, Write},
};
use stagemark_services::Postgres;
use stagemark_sql::{Migrations, SqlStore};

use crate::writes::queued;

const ECHO: Workflow<i32, i32> = Workflow::new("echo");

/// The address of a server's database for a role that was made as the guide says.
async fn as_worker(server: &Postgres) -> String {
    let owner = Database::connect(server.url()).await.unwrap();
    owner.execute_unprepared(include_str!("../../../../docs/postgres-role.sql")).await.unwrap();
    owner.execute_unprepared("ALTER ROLE stagemark_worker PASSWORD 'worker'").await.unwrap();
    format!("postgres://stagemark_worker:worker@{}/postgres", server.address())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_may_only_read_and_write_rows_runs_everything() {
    let server = Postgres::temporary().unwrap();
    drop(SqlStore::open(&server.url()).await.unwrap());
    let url = as_worker(&server).await;

    for migrations in [Migrations::Expect, Migrations::Apply] {
        let store = SqlStore::options().migrations(migrations).open(&url).await.unwrap();
        let engine = Engine::builder(store).serve(ECHO.define(|n| n)).start().await.unwrap();
        let run = engine.submit(ECHO, 7).key("seven").await.unwrap();
        assert_eq!(run.result().await.unwrap(), 7);
        engine.shutdown(std::time::Duration::from_secs(1)).await;
    }
}

#[tokio::test]
async fn tables_that_are_missing_are_told_where_nobody_may_make_them() {
    let server = Postgres::temporary().unwrap();

    let error = SqlStore::options().migrations(Migrations::Expect).open(&server.url()).await.unwrap_err();

    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("6 migrations are missing"), "{source}");
}

#[tokio::test]
async fn a_role_without_rights_is_denied() {
    let server = Postgres::temporary().unwrap();
    drop(SqlStore::open(&server.url()).await.unwrap());
    let url = as_worker(&server).await;
    let store = SqlStore::open(&url).await.unwrap();
    server.sql("REVOKE INSERT ON stagemark_run FROM stagemark_worker").unwrap();

    let error = store.write(&[Write::Submit(queued(RunId::new()))]).await.unwrap_err();

    assert_eq!(error.kind, StoreErrorKind::Denied, "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn openers_of_a_new_database_wait_for_each_other() {
    let server = Postgres::temporary().unwrap();
    let url = server.url();

    let stores = futures::future::join_all((0..6).map(|_| SqlStore::open(&url))).await;

    for store in stores {
        store.unwrap();
    }
}
