//! Worker hosts as processes: what they show, how they end, and what of them is never seen.

#[path = "../contract.rs"]
mod contract;
mod drain;
mod pages;
mod process;
mod secrets;
#[cfg(feature = "otel")]
mod trace;
