//! Worker hosts as processes: what they show, how they end, and what of them is never seen.

#[cfg(all(feature = "amqp", feature = "postgres", feature = "redis", feature = "s3"))]
mod cluster;
#[cfg(all(feature = "amqp", feature = "otel", feature = "postgres", feature = "redis", feature = "s3"))]
mod cluster_trace;
#[cfg(feature = "otel")]
mod collector;
#[path = "../contract.rs"]
mod contract;
mod drain;
mod pages;
mod process;
mod secrets;
#[cfg(feature = "otel")]
mod trace;
