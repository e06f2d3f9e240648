//! The tables, one file a table.

pub mod event;
pub mod idempotency;
pub mod like;
pub mod player;
pub mod session;
pub mod tally;
pub mod video;
pub mod video_run;
