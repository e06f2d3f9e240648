//! What is `PostgreSQL`'s own.

use stagemark_services::{Postgres, Shutdown};

#[test]
fn its_durability_is_the_default() {
    let postgres = Postgres::shared().unwrap();

    for (setting, value) in [("fsync", "on"), ("synchronous_commit", "on"), ("full_page_writes", "on")] {
        assert_eq!(postgres.sql(&format!("show {setting}")).unwrap(), value, "{setting}");
    }
}

#[test]
fn what_was_committed_survives_each_way_to_go_down() {
    let postgres = Postgres::temporary().unwrap();
    postgres.sql("create table kept as select 1 as number").unwrap();

    postgres.restart_by(Shutdown::Immediate).unwrap();
    postgres.sql("insert into kept values (2)").unwrap();
    postgres.restart_by(Shutdown::Fast).unwrap();
    postgres.sql("insert into kept values (3)").unwrap();
    postgres.kill().unwrap();
    postgres.start_again().unwrap();

    assert_eq!(postgres.sql("select sum(number) from kept").unwrap(), "6");
}

#[test]
fn new_databases_are_empty_and_apart() {
    let postgres = Postgres::shared().unwrap();

    let (one, other) = (postgres.new_database().unwrap(), postgres.new_database().unwrap());

    assert_ne!(one, other);
    assert_eq!(postgres.sql("select count(*) from pg_database where datname like 'test_%'").unwrap(), "2");
}

#[test]
fn sql_that_fails_says_why() {
    let error = Postgres::shared().unwrap().sql("select 1 / 0").unwrap_err();

    assert!(error.to_string().contains("division by zero"), "{error}");
}
