//! The rules of a run, a test each.

mod effects;
mod ends;
mod fixture;
mod graph;
mod leases;
mod limits;
mod passes;
mod retries;
mod stored;
mod timers;
