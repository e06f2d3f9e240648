//! What the contest keeps in its database, which is the engine's too: one transaction writes a video and submits its run.
//!
//! All ids are UUIDs, all times milliseconds since 1970 in UTC.

mod accounts;
pub mod entity;
pub mod events;
pub mod likes;
pub mod lists;
mod migration;
mod open;
pub mod videos;

pub use accounts::{Rotated, Rotation, SignedUp};
pub use migration::Migrator;
pub use open::{Records, RecordsError};
