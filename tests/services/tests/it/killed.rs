//! Processes that are killed while they have servers.

use std::{
    env,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Command, Stdio},
    thread,
};

use stagemark_services::{Kind, Postgres, RabbitMq, Redis, S3, Server};

use crate::{comes_to_be, processes_in};

const ORDER: &str = "STAGEMARK_SERVICES_STARTER";

/// Starts one of each, on threads that end, pauses one, and waits to be killed. Without an order, there is none to
/// follow.
#[test]
fn a_starter_does_what_it_is_told() {
    let Some(order) = env::var_os(ORDER) else { return };
    match order.to_str() {
        Some("postgres") => keep(Postgres::temporary),
        Some("paused") => {
            keep(Postgres::temporary);
            Postgres::shared().unwrap().pause().unwrap();
        }
        Some("redis") => keep(Redis::temporary),
        Some("rabbitmq") => keep(RabbitMq::temporary),
        _ => keep(S3::temporary),
    }
    println!("\nready");
    loop {
        thread::park();
    }
}

fn keep<K: Kind>(start: fn() -> Result<Server<K>, stagemark_services::ServiceError>) {
    let started = thread::spawn(move || {
        let server = start().unwrap();
        println!("\nfolder {}", server.place().folder().display());
        std::mem::forget(server);
    });
    started.join().unwrap();
}

/// Has a process start a server, kills the process, and sees that nothing of the server is left.
fn leaves_nothing(order: &str) {
    let mut starter = Command::new(env::current_exe().unwrap());
    starter.args(["--exact", "killed::a_starter_does_what_it_is_told", "--nocapture"]).env(ORDER, order);
    let mut starter = starter.stdout(Stdio::piped()).spawn().unwrap();
    let said = BufReader::new(starter.stdout.take().unwrap()).lines().map_while(Result::ok);
    let said: Vec<_> = said.take_while(|line| line != "ready").collect();
    let folders: Vec<_> = said.iter().filter_map(|line| line.strip_prefix("folder ")).map(PathBuf::from).collect();
    assert!(folders.iter().all(|folder| !processes_in(folder).is_empty()) && !folders.is_empty(), "{said:?}");

    starter.kill().unwrap();
    starter.wait().unwrap();

    for folder in folders {
        assert!(comes_to_be(|| processes_in(&folder).is_empty()), "{:?}", processes_in(&folder));
    }
}

#[test]
fn postgres_ends_with_who_started_it() {
    leaves_nothing("postgres");
}

#[test]
fn a_paused_server_ends_with_who_started_it() {
    leaves_nothing("paused");
}

#[test]
fn redis_ends_with_who_started_it() {
    leaves_nothing("redis");
}

#[test]
fn rabbitmq_ends_with_who_started_it() {
    leaves_nothing("rabbitmq");
}

#[test]
fn s3_ends_with_who_started_it() {
    leaves_nothing("s3");
}
