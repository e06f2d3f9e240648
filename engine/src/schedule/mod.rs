//! Schedules: runs that the fleet submits by itself, at the times of a pattern or at an interval.

mod status;
pub(crate) mod tick;
pub(crate) mod timing;

use std::{sync::Arc, time::Duration};

use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{Builder, Name, Payload, Priority, Workflow};
pub use status::ScheduleStatus;
use timing::Timing;

/// Submits runs of a workflow at the times of a cron pattern or at an interval, once a tick in the whole fleet.
///
/// Each host that [serves it](Builder::schedule) may fire it, and one does: what has become of each tick is decided in the
/// store. Hosts may come and go; a tick that was decided to fire does so, whoever dies meanwhile. It is by the clock of the
/// store.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use stagemark::{CatchUp, Engine, MemoryStore, Name, Overlap, Schedule, Workflow, from_fn};
///
/// const WARM: Workflow<String, usize> = Workflow::new("warm-cache");
/// const COUNT: Name = Name::new("count");
/// let warm = WARM.define(|scope| scope.then(from_fn(COUNT, |_, scope: String| async move { Ok(scope.len()) })));
///
/// let nightly = Schedule::new(Name::new("warm-nightly"), WARM, "all".to_owned())
///     .cron("0 3 * * *")?
///     .time_zone("Europe/Madrid")?
///     .catch_up(CatchUp::Last)
///     .overlap(Overlap::Skip);
/// let often = Schedule::new(Name::new("warm-lists"), WARM, "lists".to_owned()).every(Duration::from_mins(5))?;
///
/// let engine = Engine::builder(MemoryStore::new()).serve(warm).schedule(nightly).schedule(often).start().await?;
/// assert_eq!(engine.schedules().await?.len(), 2);
/// # Ok(()) }
/// ```
#[must_use = "a schedule does nothing until an engine is given it"]
#[derive(Clone, Debug)]
pub struct Schedule {
    what: What,
    timing: Timing,
    catch_up: CatchUp,
    overlap: Overlap,
}

/// A schedule of which it is not said yet when it ticks; see [`Schedule::new`].
///
/// ```
/// use stagemark::{Name, Schedule, ScheduleError, Workflow};
///
/// const ECHO: Workflow<u32, u32> = Workflow::new("echo");
/// let never = Schedule::new(Name::new("odd"), ECHO, 7).cron("0 0 30 2 *");
/// assert!(matches!(never, Err(ScheduleError::Never { .. })));
/// ```
#[must_use = "say when it ticks: by cron(..) or every(..)"]
#[derive(Debug)]
pub struct Unscheduled {
    what: Result<What, serde_json::Error>,
}

/// What is submitted.
#[derive(Clone, Debug)]
struct What {
    name: Name,
    workflow: Name,
    version: u32,
    input: Arc<str>,
    priority: Priority,
}

/// What becomes of ticks that passed while no host was there to fire them.
///
/// ```
/// assert_eq!(stagemark::CatchUp::default(), stagemark::CatchUp::Last);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum CatchUp {
    /// They are skipped: a tick fires within a minute or not at all.
    Skip,
    /// The last of them fires, late.
    #[default]
    Last,
    /// The last so many of them fire, late, in order; at most 1,000. Where runs must not [overlap](Overlap::Skip), those
    /// are skipped before which the former has not ended: let them [wait](Overlap::Wait).
    All(u32),
}

/// What becomes of a tick while the run of the former one has not ended.
///
/// ```
/// assert_eq!(stagemark::Overlap::default(), stagemark::Overlap::Skip);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Overlap {
    /// It is skipped, and [`ScheduleStatus::skipped`] tells so.
    #[default]
    Skip,
    /// It waits until the former run has ended; of several that wait so, [`CatchUp`] tells which fire.
    Wait,
    /// It fires: runs may go on side by side.
    Allow,
}

/// Why a schedule cannot be.
///
/// ```
/// use std::time::Duration;
/// use stagemark::{Name, Schedule, ScheduleError, Workflow};
///
/// const ECHO: Workflow<u32, u32> = Workflow::new("echo");
/// let lost = Schedule::new(Name::new("lost"), ECHO, 7).every(Duration::from_mins(5))?.time_zone("Atlantis/Poseidonis");
/// assert!(matches!(lost, Err(ScheduleError::TimeZone { .. })));
/// # Ok::<(), ScheduleError>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScheduleError {
    /// The text is no cron pattern.
    #[error("{pattern} is no cron pattern: it has five fields, such as in `0 3 * * MON`, or six with seconds first")]
    Cron {
        /// The text.
        pattern: String,
        /// What is wrong with it.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The pattern names a time that never comes.
    #[error("{pattern} names a time that never comes, such as the 30th of February")]
    Never {
        /// The pattern.
        pattern: String,
    },
    /// The interval is shorter than a millisecond or longer than a thousand years.
    #[error("an interval of {0:?} cannot be kept: it has at least a millisecond, and at most a thousand years")]
    Interval(Duration),
    /// There is no such time zone.
    #[error("{name} is no time zone of the IANA database, such as Europe/Madrid or UTC")]
    TimeZone {
        /// The text.
        name: String,
    },
    /// The input cannot be written as JSON.
    #[error("the input of the schedule cannot be written as JSON")]
    Input(#[source] serde_json::Error),
}

impl Schedule {
    /// A schedule of this name, which is one in the whole fleet: hosts that are given the same fire it once a tick. Where
    /// hosts are given different ones under one name, the one that started last is right, and the others let it be.
    #[allow(clippy::new_ret_no_self, reason = "it is a schedule once it is said when it ticks")]
    #[allow(clippy::needless_pass_by_value, reason = "as in a submission: a value at hand, written in place")]
    pub fn new<In: Payload, Out: Payload>(name: Name, workflow: Workflow<In, Out>, input: In) -> Unscheduled {
        let (workflow, version) = workflow.pinned();
        let input = serde_json::to_string(&input);
        let what = |input: String| What { name, workflow, version, input: input.into(), priority: Priority::Normal };
        Unscheduled { what: input.map(what) }
    }

    /// Has a cron pattern mean the clocks of a time zone of the IANA database (default UTC); an interval has none.
    ///
    /// A local time that does not exist, when clocks go forward, ticks right after the gap; one that is there twice ticks
    /// the first time alone. Patterns of each hour or minute go on each hour or minute.
    ///
    /// # Errors
    /// [`ScheduleError::TimeZone`] if there is none of this name.
    pub fn time_zone(mut self, name: &str) -> Result<Self, ScheduleError> {
        let zone: Tz = name.parse().map_err(|_| ScheduleError::TimeZone { name: name.to_owned() })?;
        if let Timing::Cron(_, zone_of) = &mut self.timing {
            *zone_of = zone;
        }
        Ok(self)
    }

    /// What becomes of ticks that were missed (default: [`CatchUp::Last`]).
    pub fn catch_up(mut self, catch_up: CatchUp) -> Self {
        self.catch_up = match catch_up {
            CatchUp::All(most) => CatchUp::All(most.min(1_000)),
            other => other,
        };
        self
    }

    /// What becomes of a tick while the former run goes on (default: [`Overlap::Skip`]).
    pub fn overlap(mut self, overlap: Overlap) -> Self {
        self.overlap = overlap;
        self
    }

    /// Its runs go before or after others that wait for a worker (default: [`Priority::Normal`]).
    pub fn priority(mut self, priority: Priority) -> Self {
        self.what.priority = priority;
        self
    }

    pub(crate) fn planned(self) -> Planned {
        let Self { what: What { name, workflow, version, input, priority }, timing, catch_up, overlap } = self;
        let definition = Definition {
            workflow: workflow.as_str().into(),
            version,
            timing: timing.describe(),
            catch_up,
            overlap,
            priority: priority.number(),
            input: RawValue::from_string(input.to_string()).expect("what was written as JSON is JSON"),
        };
        let definition = serde_json::to_string(&definition).expect("texts and numbers are JSON").into();
        let (name, workflow) = (name.as_str().into(), workflow.as_str().into());
        Planned { name, definition, workflow, version, input, priority, timing, catch_up, overlap }
    }
}

impl Unscheduled {
    /// Ticks at the times of a cron pattern: minute, hour, day of the month, month and day of the week, and before them,
    /// where there are six, seconds; `0 3 * * MON` is each Monday at three.
    ///
    /// # Errors
    /// [`ScheduleError::Cron`] if it is none, [`ScheduleError::Never`] if its time never comes.
    pub fn cron(self, pattern: &str) -> Result<Schedule, ScheduleError> {
        let timing = Timing::cron(pattern, Tz::UTC)?;
        self.ticking(timing)
    }

    /// Ticks at the multiples of an interval since the beginning of 1970 in UTC: each hour on the hour, whenever hosts are
    /// started.
    ///
    /// # Errors
    /// [`ScheduleError::Interval`] if it is shorter than a millisecond.
    pub fn every(self, interval: Duration) -> Result<Schedule, ScheduleError> {
        let timing = Timing::every(interval)?;
        self.ticking(timing)
    }

    fn ticking(self, timing: Timing) -> Result<Schedule, ScheduleError> {
        let what = self.what.map_err(ScheduleError::Input)?;
        Ok(Schedule { what, timing, catch_up: CatchUp::default(), overlap: Overlap::default() })
    }
}

impl Builder {
    /// Submits runs of a workflow by itself, once a tick in the whole fleet; see [`Schedule`]. Who serves the workflow is
    /// another matter: runs wait until somebody does.
    pub fn schedule(mut self, schedule: Schedule) -> Self {
        self.schedules.push(schedule.planned());
        self
    }
}

/// A schedule as the driver has it.
#[derive(Clone, Debug)]
pub(crate) struct Planned {
    pub(crate) name: Arc<str>,
    /// What is stored of it, to tell when it has changed.
    pub(crate) definition: Arc<str>,
    pub(crate) workflow: Arc<str>,
    pub(crate) version: u32,
    pub(crate) input: Arc<str>,
    pub(crate) priority: Priority,
    pub(crate) timing: Timing,
    pub(crate) catch_up: CatchUp,
    pub(crate) overlap: Overlap,
}

impl Planned {
    /// Whether the ticks of a definition that is stored are those of this one.
    pub(crate) fn ticks_as(&self, stored: &str) -> bool {
        serde_json::from_str(stored).is_ok_and(|stored: Definition| stored.timing == self.timing.describe())
    }

    #[cfg(test)]
    fn of_nothing() -> Self {
        const ECHO: Workflow<u32, u32> = Workflow::new("echo");
        let schedule = Schedule::new(Name::new("hourly"), ECHO, 7).every(Duration::from_hours(1));
        schedule.expect("an hour is an interval").planned()
    }
}

/// What is stored of a schedule.
#[derive(Debug, Serialize, Deserialize)]
struct Definition {
    workflow: String,
    version: u32,
    timing: String,
    catch_up: CatchUp,
    overlap: Overlap,
    priority: u8,
    input: Box<RawValue>,
}
