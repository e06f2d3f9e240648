//! The port to the schedules of the fleet: what each is, and how far it has come.

use std::sync::Arc;

use async_trait::async_trait;
use stagemark_rules::Timestamp;

use super::StoreError;
use crate::RunId;

/// Keeps schedules by their names. It is a part of each [`Store`](super::Store), which never tells whether one is due.
///
/// The contract, each clause of which is a case of the conformance suite:
/// - A row is written if, and only if, the revision that it names is that of the stored one, or is 0 and there is none. Of
///   several who race, one is accepted.
/// - An accepted write raises the revision by one, and is durable.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use stagemark::{MemoryStore, ports::{ScheduleRow, Schedules}};
///
/// let (store, row) = (MemoryStore::new(), ScheduleRow::new("nightly", "{}"));
/// assert!(store.put_schedule(&row).await?);
/// assert!(!store.put_schedule(&row).await?, "its revision is not the latest");
/// assert_eq!(store.schedules().await?[0].revision, 1);
/// # Ok(()) }
/// ```
#[async_trait]
pub trait Schedules {
    /// All schedules, by name.
    async fn schedules(&self) -> Result<Vec<ScheduleRow>, StoreError>;

    /// Writes a schedule on condition of its revision; tells whether it was written.
    async fn put_schedule(&self, row: &ScheduleRow) -> Result<bool, StoreError>;
}

/// A schedule as it is stored. A *tick* is a moment at which it would submit a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduleRow {
    /// Its name.
    pub name: Arc<str>,
    /// What it submits and when, as JSON.
    pub definition: Arc<str>,
    /// How often the row was written before; 0 for one that is new.
    pub revision: u64,
    /// The next tick that is to be decided on; none where there is none any more.
    pub next: Option<Timestamp>,
    /// The tick that was decided to fire, while its run is not known to be submitted.
    pub firing: Option<Timestamp>,
    /// The latest tick that fired.
    pub last: Option<Timestamp>,
    /// The run that it submitted.
    pub run: Option<RunId>,
    /// The latest tick that was skipped.
    pub skipped: Option<Timestamp>,
}

impl ScheduleRow {
    /// A schedule that has not fired yet.
    pub fn new(name: impl Into<Arc<str>>, definition: impl Into<Arc<str>>) -> Self {
        let (name, definition) = (name.into(), definition.into());
        Self { name, definition, revision: 0, next: None, firing: None, last: None, run: None, skipped: None }
    }
}
