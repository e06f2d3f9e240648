//! What the programs of the showcase share.

pub mod secrets;
