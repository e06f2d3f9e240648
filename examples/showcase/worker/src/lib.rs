//! What the workflows of the contest do.

mod erase;
mod publish;

pub use erase::{Places, erase};
pub use publish::publish;
