//! What a step writes beside its marker, in the same transaction.

use std::any::Any;

use async_trait::async_trait;

use crate::StepError;

/// What a step writes in the transaction that commits its marker: both are written, or neither is.
///
/// Adapters make them, since only an adapter knows what its transactions are; see [`Attempt::accompany`]. It is called
/// once for each try to commit, after the step has returned.
///
/// ```
/// # use std::any::Any;
/// use stagemark::{StepError, ports::Companion};
///
/// #[derive(Debug)]
/// struct Count;
///
/// #[async_trait::async_trait]
/// impl Companion for Count {
///     async fn write(&self, transaction: &(dyn Any + Send + Sync)) -> Result<(), StepError> {
///         let Some(_mine) = transaction.downcast_ref::<String>() else {
///             return Err(StepError::permanent("the store is of another kind"));
///         };
///         Ok(())
///     }
/// }
/// ```
///
/// [`Attempt::accompany`]: crate::Attempt::accompany
#[async_trait]
pub trait Companion: Send + Sync + std::fmt::Debug {
    /// Writes into the store's open transaction, of the store's own type; `()` where a store has none.
    async fn write(&self, transaction: &(dyn Any + Send + Sync)) -> Result<(), StepError>;
}
