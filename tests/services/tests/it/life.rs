//! What each of them does.

use stagemark_services::{Kind, Postgres, RabbitMq, Redis, S3, Server, WEED};

use crate::{comes_to_be, is_listening, processes_in};

fn stops_and_comes_back<K: Kind>(server: &Server<K>) {
    let (url, pid) = (server.url(), server.pid());
    assert!(pid.is_some() && is_listening(server));

    server.stop().unwrap();
    assert!(server.pid().is_none() && !is_listening(server));
    assert!(processes_in(server.place().folder()).is_empty());

    server.start_again().unwrap();
    assert!(is_listening(server) && server.pid() != pid);
    assert_eq!(server.url(), url);
}

fn is_killed_and_comes_back<K: Kind>(server: &Server<K>) {
    server.kill().unwrap();
    assert!(server.pid().is_none() && !is_listening(server));

    server.start_again().unwrap();
    assert!(is_listening(server));
}

/// A paused process is in the state T, and so is all that it started.
fn is_paused_and_resumed<K: Kind>(server: &Server<K>) {
    let pid = server.pid().unwrap();
    let state =
        || std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap().rsplit_once(") ").unwrap().1[..1].to_owned();

    server.pause().unwrap();
    assert!(comes_to_be(|| state() == "T"));

    server.resume();
    assert!(comes_to_be(|| state() != "T"));
    assert!(is_listening(server));
}

fn is_dropped_while_paused<K: Kind>(server: Server<K>) {
    let folder = server.place().folder().to_owned();
    server.pause().unwrap();

    drop(server);

    assert!(processes_in(&folder).is_empty());
    assert!(!folder.exists());
}

fn lives_through_all<K: Kind>(server: Server<K>) {
    stops_and_comes_back(&server);
    is_killed_and_comes_back(&server);
    is_paused_and_resumed(&server);
    is_dropped_while_paused(server);
}

#[test]
fn postgres_lives_through_all() {
    lives_through_all(Postgres::temporary().unwrap());
}

#[test]
fn redis_lives_through_all() {
    lives_through_all(Redis::temporary().unwrap());
}

#[test]
fn rabbitmq_lives_through_all() {
    lives_through_all(RabbitMq::temporary().unwrap());
}

#[test]
fn s3_lives_through_all() {
    lives_through_all(S3::temporary().unwrap());
}

#[test]
fn two_of_a_kind_do_not_meet() {
    let (one, other) = (Redis::temporary().unwrap(), Redis::temporary().unwrap());

    assert_ne!(one.address(), other.address());
    assert_ne!(one.place().secret(), other.place().secret());
    one.stop().unwrap();
    assert!(is_listening(&other));
}

#[test]
fn what_was_brought_up_is_found_and_not_started_twice() {
    let folder = tempfile::tempdir().unwrap();
    let first = Redis::up(folder.path()).unwrap();
    let (url, pid) = (first.url(), first.pid());
    drop(first);

    let again = Redis::up(folder.path()).unwrap();
    assert_eq!((again.url(), again.pid()), (url, pid));

    again.stop().unwrap();
    assert!(Redis::running_in(folder.path()).is_none());
    assert!(processes_in(folder.path()).is_empty());
}

#[test]
fn what_is_installed_says_its_version() {
    WEED.install().unwrap();

    for version in [Postgres::version(), Redis::version(), RabbitMq::version(), S3::version()] {
        assert!(version.as_ref().unwrap().contains('.'), "{version:?}");
    }
}

#[test]
fn a_server_that_cannot_start_says_why() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("postgres/data")).unwrap();

    let error = Postgres::start(folder.path()).unwrap_err().to_string();

    assert!(error.contains("postgres was not ready: it ended") && error.contains("data"), "{error}");
}

#[test]
fn nothing_of_a_server_shows_its_password() {
    let redis = Redis::temporary().unwrap();

    let shown = format!("{redis:?}");

    assert!(!shown.contains(redis.place().secret().reveal()), "{shown}");
}
