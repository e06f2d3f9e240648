//! What rankings need: where boards are, and what they are computed from.

mod sets;
mod source;

pub use sets::{Lease, Part, Sets, SetsError, Turn, When};
pub use source::{Source, SourceError};
