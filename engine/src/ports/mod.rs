//! The ports: what the engine asks of the world outside, in batches, with contracts that suites check.

mod accelerator;
mod artifacts;
mod companion;
mod dedup;
mod dispatch;
mod limits;
mod live;
mod locks;
mod store;

pub use accelerator::AcceleratorError;
pub use artifacts::{ArtifactError, ArtifactSink, Artifacts};
pub use companion::Companion;
pub use dedup::Dedup;
pub use dispatch::{Delivery, Dispatch, DispatchError, Hint, Outbox};
pub use limits::{Drawn, Holding, Limits, RateLimit, Semaphore};
pub use live::{Glimpse, Live, News, Standing};
pub use locks::{HeldLock, LockToken, Locks};
pub use store::{
    Change, Claim, Claimed, Filter, Heartbeats, HeldBeat, Marker, NewRun, Outcome, QueueEntry, Record, Renewed, RunRow,
    Served, Store, StoreError, StoreErrorKind, Submitted, Summary, Write,
};

pub use stagemark_rules::{Phase, Task, TaskId};
