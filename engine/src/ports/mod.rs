//! The ports: what the engine asks of the world outside, in batches, with contracts that suites check.

mod artifacts;
mod store;

pub use artifacts::{ArtifactError, ArtifactSink, Artifacts};
pub use store::{
    Change, Claim, Claimed, Filter, Heartbeats, HeldBeat, Marker, NewRun, Outcome, QueueEntry, Record, Renewed, RunRow,
    Served, Store, StoreError, StoreErrorKind, Submitted, Summary, Write,
};

pub use stagemark_rules::{Phase, Task, TaskId};
