//! The leaderboards of the contest: scores that decay, and boards that are read from a cache first.
//!
//! The database has all events; a board is made of them once, and then counts along. [`Rankings`] reads boards, and has
//! them made where they are cold, by one request in the whole fleet. [`RedisSets`] keeps them where all hosts see them,
//! [`MemorySets`] in a process that serves alone.

mod board;
mod distrust;
mod event;
mod flights;
pub mod intake;
mod memory;
mod options;
mod order;
pub mod ports;
mod rankings;
mod redis;
mod score;
pub mod settings;
mod source;
mod standing;
pub mod steps;
mod tallying;

pub use board::Board;
pub use event::{Count, Event, Snapshot};
pub use memory::MemorySets;
pub use options::Options;
pub use rankings::{Origin, RankingError, Rankings, View};
pub use redis::RedisSets;
pub use score::{Kind, Weights, WeightsError};
pub use source::RecordsSource;
pub use standing::{Standing, Window};
pub use tallying::{TallyError, tally};
