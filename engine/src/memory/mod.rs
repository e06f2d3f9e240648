//! Every port in memory, for examples, tests and engines that are alone: nothing outlives the process.

mod artifacts;
mod census;
mod dedup;
mod dispatch;
mod history;
mod limits;
mod live;
mod locks;
mod results;
mod schedules;
mod store;

pub use artifacts::MemoryArtifacts;
pub use dedup::MemoryDedup;
pub use dispatch::MemoryDispatch;
pub use limits::MemoryLimits;
pub use live::MemoryLive;
pub use locks::MemoryLocks;
pub use store::MemoryStore;
