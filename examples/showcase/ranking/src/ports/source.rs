//! What boards are computed from.

use std::{error::Error, fmt};

use async_trait::async_trait;

use crate::{Board, Snapshot};

/// Where events are kept for good.
#[async_trait]
pub trait Source: fmt::Debug + Send + Sync + 'static {
    /// What there is for this board, at one moment: all that was committed before the call, and no half of a
    /// transaction.
    async fn snapshot(&self, board: &Board) -> Result<Snapshot, SourceError>;
}

/// Why there is no snapshot.
#[derive(Debug, thiserror::Error)]
#[error("the database did not tell what a ranking is computed from")]
pub struct SourceError(#[source] pub Box<dyn Error + Send + Sync>);
