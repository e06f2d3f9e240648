//! Engines that tell each other of runs: at once where messages come, and by polling where they do not.

mod brokers;
mod faults;
mod fixture;
#[allow(dead_code, reason = "each test binary has its own guards")]
#[path = "../common/guarded.rs"]
mod guarded;
mod hints;
mod pools;
mod store;
