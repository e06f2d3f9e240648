//! What a step answers when it could not do its work.

use std::{error::Error, fmt};

/// Why an attempt failed; any error becomes one by `?`, and is then retried.
///
/// What trying again cannot cure says so with [`Permanent::permanent`].
///
/// ```
/// use stagemark::{Permanent, StepError};
///
/// fn parse(text: &str) -> Result<u32, StepError> {
///     Ok(text.parse::<u32>().permanent()?)
/// }
/// assert!(parse("seven").unwrap_err().is_permanent());
/// ```
pub struct StepError {
    source: Box<dyn Error + Send + Sync>,
    permanent: bool,
}

impl StepError {
    /// An error that trying again cannot cure.
    pub fn permanent(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { source: source.into(), permanent: true }
    }

    /// Whether trying again is pointless.
    pub fn is_permanent(&self) -> bool {
        self.permanent
    }

    /// The messages of the error and of all its sources, outermost first.
    pub fn chain(&self) -> Vec<String> {
        let first: &dyn Error = self.source.as_ref();
        std::iter::successors(Some(first), |error| (*error).source()).map(ToString::to_string).collect()
    }
}

impl fmt::Debug for StepError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { source: _, permanent } = self;
        f.debug_struct("StepError").field("permanent", permanent).field("chain", &self.chain()).finish()
    }
}

impl fmt::Display for StepError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.chain().join(": "))
    }
}

impl<E: Into<Box<dyn Error + Send + Sync>>> From<E> for StepError {
    fn from(error: E) -> Self {
        Self { source: error.into(), permanent: false }
    }
}

/// Marks an error as one that trying again cannot cure.
///
/// ```
/// use stagemark::Permanent;
///
/// let refused = Err::<(), _>("the file has no video").permanent();
/// assert!(refused.unwrap_err().is_permanent());
/// ```
pub trait Permanent<T> {
    /// The same result; its error will not be retried.
    fn permanent(self) -> Result<T, StepError>;
}

impl<T, E: Into<Box<dyn Error + Send + Sync>>> Permanent<T> for Result<T, E> {
    fn permanent(self) -> Result<T, StepError> {
        self.map_err(StepError::permanent)
    }
}
