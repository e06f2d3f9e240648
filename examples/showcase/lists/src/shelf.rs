//! Where the head of the list is kept, ready to be shown.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use stagemark::ports::AcceleratorError;
use uuid::Uuid;

/// What is on the shelf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    /// What the caller knows already.
    Known,
    /// This, under this number.
    Text(Uuid, String),
    /// Nothing. What the database says from now on may be put there under this number.
    Nothing(Uuid),
}

/// Keeps one text for a while. It may be lost at any moment: the database has what it is made of.
#[async_trait]
pub trait Shelf: fmt::Debug + Send + Sync + 'static {
    /// What is there; `known` is the number of what the caller has seen there last.
    async fn look(&self, known: Option<Uuid>) -> Result<Shown, AcceleratorError>;

    /// Puts a text there for so long; `false`, and nothing is put, if it was [cleared](Self::clear) since the look that gave
    /// the number: what was read meanwhile may be older than that.
    async fn put(&self, number: Uuid, text: &str, time_to_live: Duration) -> Result<bool, AcceleratorError>;

    /// Takes away what is there, and refuses those who are about to put something.
    async fn clear(&self) -> Result<(), AcceleratorError>;
}
