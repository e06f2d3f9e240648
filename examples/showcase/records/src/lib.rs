//! What the contest keeps in its database, which is the engine's too: one transaction writes a video and submits its run.
//!
//! All ids are UUIDs, all times milliseconds since 1970 in UTC. The feature `testing` brings rows for tests.

mod accounts;
pub mod entity;
pub mod events;
pub mod likes;
pub mod lists;
mod migration;
mod open;
#[cfg(feature = "testing")]
pub mod testing;
pub mod videos;

pub use accounts::{Rotated, Rotation, SignedUp};
pub use migration::Migrator;
pub use open::{Records, RecordsError};
