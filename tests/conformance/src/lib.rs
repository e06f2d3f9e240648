//! The suites that every adapter of a port must pass.
//!
//! Each is a macro that makes one test of each clause of the contract of its port. Whoever writes an adapter names how
//! an empty one is made, in a file of its own under `tests/`:
//!
//! - [`store_suite!`] for where runs are kept,
//! - [`artifacts_suite!`] for where artifacts are,
//! - [`dispatch_suite!`] for what carries hints to workers.
//!
//! ```
//! use stagemark::MemoryStore;
//!
//! stagemark_conformance::store_suite!((MemoryStore::new(), ()));
//! ```

// A case fails by a panic: that is what it is for.
#![allow(clippy::missing_panics_doc)]

pub mod artifacts;
pub mod dispatch;
pub mod store;
