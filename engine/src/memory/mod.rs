//! A store, an artifact store and a broker in memory, for examples and tests: nothing outlives the process.

mod artifacts;
mod dispatch;
mod store;

pub use artifacts::MemoryArtifacts;
pub use dispatch::MemoryDispatch;
pub use store::MemoryStore;
