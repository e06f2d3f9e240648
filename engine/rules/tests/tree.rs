//! The rules depend on serde alone.
