//! Engines that share a store and accelerators in memory, as hosts share a database and a service.

mod dedup;
mod fickle;
mod fixture;
#[allow(dead_code, reason = "each test binary has its own guards")]
#[path = "../common/guarded.rs"]
mod guarded;
mod limits;
mod live;
mod locks;
