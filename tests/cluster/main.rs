//! The faults of a cluster, one by one and two at a time, with real servers and real worker processes, under load.
//!
//! After each nothing is lost, nothing was committed twice, what a marker names is whole, and the doctor finds nothing.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[allow(dead_code, reason = "what the hosts do is served by them alone")]
#[path = "../it/all_kinds.rs"]
mod all_kinds;
mod broker;
mod check;
mod clock;
mod cluster;
#[path = "../../steps/tests/it/counted.rs"]
mod counted;
mod database;
mod echo;
mod excerpt;
mod host;
mod keys;
mod kills;
mod load;
mod messages;
mod objects;
mod proxy;
mod redis;
#[allow(dead_code, reason = "what it does to answers is for the tests of the store's client")]
#[path = "../../adapters/blob/tests/s3/proxy.rs"]
mod s3_proxy;
mod together;
mod zombie;
