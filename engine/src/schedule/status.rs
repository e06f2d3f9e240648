//! Schedules as operators see them.

use stagemark_rules::Timestamp;

use super::Definition;
use crate::{
    Engine, RunId,
    ports::{ScheduleRow, StoreError},
};

/// A schedule of the fleet, and how far it has come; see [`Engine::schedules`].
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use stagemark::{Engine, MemoryStore};
///
/// let engine = Engine::builder(MemoryStore::new()).start().await?;
/// for schedule in engine.schedules().await? {
///     println!("{} submits {} {}", schedule.name, schedule.workflow, schedule.timing);
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduleStatus {
    /// Its name.
    pub name: String,
    /// The name of the workflow that it submits; empty where a newer version of the engine has defined it otherwise.
    pub workflow: String,
    /// When it ticks, in words.
    pub timing: String,
    /// The next tick; none where there is none any more.
    pub next: Option<Timestamp>,
    /// The latest tick that fired.
    pub last: Option<Timestamp>,
    /// The run that it submitted.
    pub run: Option<RunId>,
    /// The latest tick that was skipped: the former run had not ended, or no host was there in time.
    pub skipped: Option<Timestamp>,
}

impl From<ScheduleRow> for ScheduleStatus {
    fn from(row: ScheduleRow) -> Self {
        let ScheduleRow { name, definition, next, last, run, skipped, .. } = row;
        let known = serde_json::from_str(&definition).map(|known: Definition| (known.workflow, known.timing));
        let (workflow, timing) = known.unwrap_or_default();
        Self { name: name.to_string(), workflow, timing, next, last, run, skipped }
    }
}

impl Engine {
    /// The schedules of the fleet by name, whoever fires them; also those that no host is given any more.
    pub async fn schedules(&self) -> Result<Vec<ScheduleStatus>, StoreError> {
        Ok(self.driver.store.schedules().await?.into_iter().map(ScheduleStatus::from).collect())
    }
}
