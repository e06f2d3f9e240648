//! The suites that every adapter of a port must pass.
//!
//! Each is a macro that makes one test of each clause of the contract of its port. Whoever writes an adapter names how
//! an empty one is made, in a file of its own under `tests/`:
//!
//! - [`store_suite!`] for where runs are kept,
//! - [`artifacts_suite!`] for where artifacts are,
//! - [`dispatch_suite!`] for what carries hints to workers,
//! - [`locks_suite!`], [`dedup_suite!`], [`live_suite!`] and [`limits_suite!`] for the accelerators.
//!
//! ```
//! use stagemark::MemoryStore;
//!
//! stagemark_conformance::store_suite!((MemoryStore::new(), ()));
//! ```

// A case fails by a panic: that is what it is for.
#![allow(clippy::missing_panics_doc)]

pub mod artifacts;
pub mod dedup;
pub mod dispatch;
pub mod limits;
pub mod live;
pub mod locks;
pub mod store;
mod wait;
