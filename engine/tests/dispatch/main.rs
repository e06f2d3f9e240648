//! Engines that tell each other of runs: at once where messages come, and by polling where they do not.

mod brokers;
mod faults;
mod fixture;
mod hints;
mod pools;
mod store;
