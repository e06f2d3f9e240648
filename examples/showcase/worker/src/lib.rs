//! What the workflows of the contest do.

mod erase;
mod publish;
mod upkeep;

pub use erase::{Places, erase};
pub use publish::publish;
pub use upkeep::Upkeep;
