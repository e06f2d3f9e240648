//! The ports: what the engine asks of the world outside, in batches, with contracts that suites check.

mod accelerator;
mod artifacts;
mod census;
mod companion;
mod dedup;
mod dispatch;
mod history;
mod limits;
mod live;
mod locks;
mod reads;
mod results;
mod schedules;
mod store;
mod writes;

pub use accelerator::AcceleratorError;
pub use artifacts::{ArtifactError, ArtifactRanges, ArtifactSink, Artifacts};
pub use census::{Census, Count, Counts, QueueCount, RunCount};
pub use companion::Companion;
pub use dedup::Dedup;
pub use dispatch::{Delivery, Dispatch, DispatchError, Hint, Outbox};
pub use history::{Forgotten, History, Listed, Page, Paged};
pub use limits::{Drawn, Holding, Limits, RateLimit, Semaphore};
pub use live::{Glimpse, Live, News, Standing};
pub use locks::{HeldLock, LockToken, Locks};
pub use reads::{Claim, Claimed, Filter, Heartbeats, HeldBeat, Record, Renewed, Served, Summary};
pub use results::{Found, KeptResult, Maker, ResultKey, Results, Wanted};
pub use schedules::{ScheduleRow, Schedules};
pub use store::{Store, StoreError, StoreErrorKind};
pub use writes::{Change, Marker, NewRun, Outcome, QueueEntry, RunRow, Submitted, Write};

pub use stagemark_rules::{Fusion, Phase, Task, TaskId};
