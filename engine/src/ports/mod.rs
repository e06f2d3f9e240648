//! The ports: what the engine asks of the world outside, in batches, with contracts that suites check.

mod artifacts;
mod census;
mod companion;
mod dispatch;
mod store;

pub use artifacts::{ArtifactError, ArtifactSink, Artifacts};
pub use census::{Census, Count, Counts, QueueCount, RunCount};
pub use companion::Companion;
pub use dispatch::{Delivery, Dispatch, DispatchError, Hint, Outbox};
pub use store::{
    Change, Claim, Claimed, Filter, Heartbeats, HeldBeat, Marker, NewRun, Outcome, QueueEntry, Record, Renewed, RunRow,
    Served, Store, StoreError, StoreErrorKind, Submitted, Summary, Write,
};

pub use stagemark_rules::{Phase, Task, TaskId};
