//! What steps write beside their markers.

use sea_orm::DatabaseTransaction;
use stagemark::ports::{Change, Outcome, Write};

/// The change, if something is to be written beside it.
pub(crate) fn accompanied(write: &Write) -> Option<&Change> {
    match write {
        Write::Change(change) if !change.companions.is_empty() => Some(change),
        _ => None,
    }
}

/// Writes what stands beside a change, in the transaction in which the change was written.
pub(crate) async fn write(change: &Change, transaction: &DatabaseTransaction) -> Outcome {
    for (task, companion) in &change.companions {
        if let Err(error) = companion.write(transaction).await {
            return Outcome::Spoiled { task: *task, permanent: error.is_permanent(), chain: error.chain() };
        }
    }
    Outcome::Accepted
}
