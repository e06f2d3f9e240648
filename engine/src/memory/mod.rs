//! A store and an artifact store in memory, for examples and tests: nothing outlives the process.

mod artifacts;
mod census;
mod store;

pub use artifacts::MemoryArtifacts;
pub use store::MemoryStore;
