//! What the ports to accelerators have in common: services that make it fast, and that the engine can do without.

use std::error::Error;

/// Why an accelerator ([`Locks`](super::Locks), [`Dedup`](super::Dedup), [`Live`](super::Live) or
/// [`Limits`](super::Limits)) did not do what was asked.
///
/// What was asked may have been done all the same, as after a time-out. The engine goes on without it and asks again
/// a little later: it is slower meanwhile, never wrong.
///
/// ```
/// use stagemark::ports::AcceleratorError;
///
/// let error = AcceleratorError::new("renewing a lock", "the connection was closed");
/// assert_eq!(error.to_string(), "renewing a lock: the service did not do it");
/// ```
#[derive(Debug, thiserror::Error)]
#[error("{doing}: the service did not do it")]
pub struct AcceleratorError {
    /// What was being done.
    pub doing: &'static str,
    /// What the service said.
    #[source]
    pub source: Box<dyn Error + Send + Sync>,
}

impl AcceleratorError {
    /// An error of this cause.
    pub fn new(doing: &'static str, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { doing, source: source.into() }
    }
}
