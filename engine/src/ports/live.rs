//! The port to what readers on other hosts see of a run while it is carried on.

use std::time::Duration;

use async_trait::async_trait;
use stagemark_rules::Status;

use super::{AcceleratorError, HeldBeat};
use crate::RunId;

/// What is new of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct News {
    /// Which run.
    pub run: RunId,
    /// How it stands, if that has changed.
    pub standing: Option<Standing>,
    /// What its attempts reported; their resume details are left out.
    pub beats: Vec<HeldBeat>,
}

/// How a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Its status.
    pub status: Status,
    /// Another number each time that anything of the run was committed: where it differs, what is stored does too.
    pub stamp: u64,
}

/// What was told of a run last.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Glimpse {
    /// How it stands, if that was told.
    pub standing: Option<Standing>,
    /// What was last reported for each task, in the order of the tasks.
    pub beats: Vec<HeldBeat>,
}

/// Shows readers the progress of runs that are carried on elsewhere, without a write or a read in the database.
///
/// It may be late and it may forget: what has ended, and how, is the store's to tell.
///
/// The contract, each clause of which is a case of the conformance suite:
/// - What was told is seen: of each task what was told of its latest attempt, and how the run stood last.
/// - What was told of an earlier attempt does not replace what was told of a later one.
/// - What was told of one run, or of one task, leaves others alone.
/// - A run that nobody tells of for its time to live is forgotten.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use stagemark::{MemoryLive, RunId, ports::{HeldBeat, Live, News, TaskId}};
///
/// let (live, run) = (MemoryLive::new(), RunId::new());
/// let beat = HeldBeat { id: TaskId::of(1), attempt: 1, fraction: 0.5, message: "half".into(), details: None };
/// live.tell(&[News { run, standing: None, beats: vec![beat] }], Duration::from_secs(60)).await?;
/// assert_eq!(live.look(run).await?.beats[0].fraction, 0.5);
/// # Ok(()) }
/// ```
#[async_trait]
pub trait Live: Send + Sync + std::fmt::Debug + 'static {
    /// Tells what is new, to be seen for this long after the last news of the run.
    async fn tell(&self, news: &[News], time_to_live: Duration) -> Result<(), AcceleratorError>;

    /// What was told of a run; nothing where nobody did, or long ago.
    async fn look(&self, run: RunId) -> Result<Glimpse, AcceleratorError>;
}
