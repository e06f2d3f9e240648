//! The adapter on a real Redis.

mod addresses;
mod away;
mod cluster;
mod fixture;
mod fleet;
mod forgetful;
mod scripts;
mod suites;
#[cfg(feature = "tls")]
mod tls;
