//! The roles of `PostgreSQL`.

use stagemark_contest_records::Records;

use super::deployment;
use crate::deployment::Deployment;

const REFUSALS: [&str; 3] = ["permission denied", "must be owner", "must be superuser"];

fn is_denied(deployment: &Deployment, role: &str, sql: &str) {
    let refused = deployment.sql(role, sql).expect_err(sql);
    assert!(REFUSALS.iter().any(|refusal| refused.contains(refusal)), "{role}: {sql}: {refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_host_changes_the_shape_of_the_database() {
    let deployment = deployment().await;

    for role in ["api", "worker"] {
        for sql in [
            "DROP TABLE stagemark_run",
            "TRUNCATE stagemark_run",
            "ALTER TABLE stagemark_run ADD COLUMN x int",
            "CREATE TABLE mine (x int)",
            "CREATE TEMPORARY TABLE mine (x int)",
            "CREATE SCHEMA mine",
            "CREATE ROLE mine",
            "CREATE EXTENSION file_fdw",
            "DELETE FROM stagemark_migration",
            "COPY stagemark_run TO PROGRAM 'cat'",
            "SELECT pg_read_file('/etc/passwd')",
            "SELECT rolpassword FROM pg_authid",
        ] {
            is_denied(deployment, role, sql);
        }
        assert!(deployment.sql(role, "SELECT count(*) FROM stagemark_migration").is_ok());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_sees_no_password_and_no_session() {
    let deployment = deployment().await;

    for sql in [
        "SELECT password FROM contest_player",
        "SELECT * FROM contest_player",
        "UPDATE contest_player SET role = 1",
        "SELECT 1 FROM contest_session",
    ] {
        is_denied(deployment, "worker", sql);
    }
    assert_eq!(deployment.sql("worker", "SELECT count(name) FROM contest_player").unwrap(), "0");
    assert!(deployment.sql("worker", "UPDATE contest_video SET title = ''").is_ok());
    for sql in ["SELECT password FROM contest_player", "SELECT 1 FROM contest_session"] {
        assert!(deployment.sql("api", sql).is_ok(), "{sql}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_open_the_contests_tables_which_their_owner_made() {
    let deployment = deployment().await;

    for role in ["api", "worker"] {
        let records = Records::open(&deployment.secret(&format!("{role}-database-url"))).await.unwrap();
        records.ping().await.unwrap();
        is_denied(deployment, role, "DELETE FROM contest_migration");
        is_denied(deployment, role, "DROP TABLE contest_video");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_nobody_was_told_of_does_not_come_in() {
    let deployment = deployment().await;
    deployment.postgres.sql("CREATE ROLE stranger LOGIN PASSWORD 'stranger'").unwrap();

    for database in ["contest", "postgres"] {
        let url = format!("postgres://stranger:stranger@{}/{database}", deployment.postgres.address());
        let psql = std::process::Command::new("psql").args(["--command=SELECT 1", &url]).output().unwrap();
        assert!(String::from_utf8_lossy(&psql.stderr).contains("permission denied for database"), "{psql:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn making_the_roles_again_changes_nothing() {
    let deployment = deployment().await;
    let rights = "SELECT string_agg(relname || coalesce(relacl::text, ''), ' ' ORDER BY relname) FROM pg_class
        WHERE relname LIKE 'stagemark\\_%'";
    let before = deployment.sql("owner", rights).unwrap();

    deployment.postgres_script("roles");
    deployment.postgres_script("grants");

    assert_eq!(deployment.sql("owner", rights).unwrap(), before);
    assert!(before.contains("contest_worker=arwd"), "{before}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_role_of_backups_reads_and_never_writes() {
    let deployment = deployment().await;
    let as_backup = |sql: &[&str]| {
        let mut psql = deployment.with_postgres("psql".into());
        psql.env("PGUSER", "contest_backup").env("PGPASSWORD", deployment.secret("postgres-backup-password"));
        psql.args(["--dbname=contest", "--set=ON_ERROR_STOP=1"]);
        psql.args(sql.iter().map(|sql| format!("--command={sql}"))).output().unwrap()
    };

    assert!(as_backup(&["SELECT count(*) FROM stagemark_run"]).status.success());
    let refused = as_backup(&["SET default_transaction_read_only = off", "DELETE FROM stagemark_run"]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("permission denied"), "{refused:?}");
}
