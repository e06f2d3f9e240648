//! What is written beside markers: by steps, and of results that are kept.

use sea_orm::{DatabaseTransaction, DbErr};
use stagemark::ports::{Change, Outcome, Write};

use crate::results;

/// The change, if something is to be written beside it.
pub(crate) fn accompanied(write: &Write) -> Option<&Change> {
    match write {
        Write::Change(change) if !(change.companions.is_empty() && change.results.is_empty()) => Some(change),
        _ => None,
    }
}

/// Writes what stands beside a change, in the transaction in which the change was written.
pub(crate) async fn write(change: &Change, transaction: &DatabaseTransaction) -> Result<Outcome, DbErr> {
    for (task, companion) in &change.companions {
        if let Err(error) = companion.write(transaction).await {
            return Ok(Outcome::Spoiled { task: *task, permanent: error.is_permanent(), chain: error.chain() });
        }
    }
    results::keep(change, transaction).await?;
    Ok(Outcome::Accepted)
}
