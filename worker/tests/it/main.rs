//! Worker hosts as processes: what they show, how they end, and what of them is never seen.

#[cfg(all(feature = "amqp", feature = "postgres", feature = "redis", feature = "s3"))]
mod cluster;
#[path = "../contract.rs"]
mod contract;
mod drain;
mod pages;
mod process;
mod secrets;
#[cfg(feature = "otel")]
mod trace;
