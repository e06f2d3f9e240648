//! What can happen to a run, what follows from it, and why it may be refused.

use std::fmt;

use crate::{Status, TaskId, Timestamp, WorkerId};

/// Something that happened.
///
/// ```
/// use stagemark_rules::{Event, TaskId};
///
/// let done = Event::Succeeded { task: TaskId::of(1), attempt: 1, width: None };
/// # let _ = done;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A worker took a lease of a queued task; where it is the first of a group, of the whole group.
    Claimed {
        /// Which task.
        task: TaskId,
        /// Who took it.
        worker: WorkerId,
    },
    /// An attempt made its output; a pass is named by its first task, here and in all that follows.
    Succeeded {
        /// Which task.
        task: TaskId,
        /// Which attempt.
        attempt: u32,
        /// How many items the output has; must be there where an `each` maps over it.
        width: Option<u32>,
    },
    /// An attempt failed.
    Failed {
        /// Which task.
        task: TaskId,
        /// Which attempt.
        attempt: u32,
        /// Whether trying again is pointless.
        permanent: bool,
        /// Spreads the wait for the next attempt.
        jitter: Jitter,
    },
    /// The worker of an attempt was not heard of for too long.
    LeaseExpired {
        /// Which task.
        task: TaskId,
        /// Which attempt.
        attempt: u32,
        /// Spreads the wait for the next attempt.
        jitter: Jitter,
    },
    /// A worker that shuts down handed its lease back.
    Released {
        /// Which task.
        task: TaskId,
        /// Which attempt.
        attempt: u32,
    },
    /// The moment of a timer has come.
    Elapsed {
        /// Which task.
        task: TaskId,
    },
    /// Somebody asked for the run to stop.
    Cancelled,
}

/// A number from 0 to 1 that was drawn outside, in steps of 1 / 65,535.
///
/// ```
/// use std::time::Duration;
/// use stagemark_rules::{Backoff, Jitter};
///
/// let backoff = Backoff::exponential(Duration::from_secs(4));
/// assert!(backoff.delay(1, Jitter(20_000)) < backoff.delay(1, Jitter(40_000)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Jitter(pub u16);

impl Jitter {
    /// 0: the shortest wait.
    pub const LEAST: Self = Self(0);
    /// 1: the longest wait.
    pub const MOST: Self = Self(u16::MAX);

    pub(crate) fn fraction(self) -> f64 {
        f64::from(self.0) / f64::from(u16::MAX)
    }
}

/// What a run was submitted with, as far as the rules care.
///
/// ```
/// use stagemark_rules::{Input, Policy, Shape, Timestamp, begin};
///
/// let mut shape = Shape::new();
/// shape.each("encode", 0, Policy::default());
/// assert_eq!(begin(&shape, Input::List(3), Timestamp(0)).run.tasks.len(), 3);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// A value that no `each` maps over.
    One,
    /// A list of so many items.
    List(u32),
}

/// An order that follows from a decision; it is carried out once the decision is committed.
///
/// ```
/// use stagemark_rules::{Effect, Status};
///
/// fn line(effect: Effect) -> String {
///     match effect {
///         Effect::Dispatch { task, due } => format!("node {} from {} ms on", task.node, due.0),
///         Effect::Stop { task, attempt } => format!("stop attempt {attempt} of node {}", task.node),
///         Effect::DeadLetter(task) => format!("node {} is not tried again", task.node),
///         Effect::Announce(status) => format!("the run is {status}"),
///     }
/// }
/// assert_eq!(line(Effect::Announce(Status::Ready)), "the run is ready");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Lease this task to a worker, not before a moment.
    Dispatch {
        /// Which task.
        task: TaskId,
        /// When at the earliest.
        due: Timestamp,
    },
    /// Stop the attempt that runs: its run has ended.
    Stop {
        /// Which task.
        task: TaskId,
        /// Which attempt.
        attempt: u32,
    },
    /// Tell that this task will not be tried again.
    DeadLetter(TaskId),
    /// Tell that the run has this status now.
    Announce(Status),
}

/// Why an event changed nothing. It is an answer, not an error: events come late, twice and out of order.
///
/// ```
/// use stagemark_rules::Rejected;
///
/// assert_eq!(Rejected::StaleAttempt { sent: 1, current: 2 }.to_string(), "attempt 1 is stale: 2 is the latest");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejected {
    /// The run has ended.
    RunIsOver(Status),
    /// No such task is open.
    UnknownTask(TaskId),
    /// Another attempt has begun, or this one has ended.
    StaleAttempt {
        /// The attempt that the event names.
        sent: u32,
        /// The latest attempt.
        current: u32,
    },
    /// The task is tried in a pass, which is named by its first task.
    PartOfPass {
        /// The node of the first task.
        first: u16,
    },
    /// The task is not queued.
    NotQueued(TaskId),
    /// It is a timer, which nobody leases, or no timer where only one can be meant.
    WrongKind(TaskId),
    /// The wait, of a timer or before the next attempt, is not over.
    NotDue {
        /// When it is.
        due: Timestamp,
    },
    /// As many tasks of this node are leased as may be.
    AtLimit {
        /// How many these are.
        concurrency: u32,
    },
    /// An `each` maps over the output, and its width was not told.
    WidthMissing(TaskId),
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RunIsOver(status) => write!(f, "the run is {status}"),
            Self::UnknownTask(task) => write!(f, "task {}/{} is not open", task.node, task.item),
            Self::StaleAttempt { sent, current } => write!(f, "attempt {sent} is stale: {current} is the latest"),
            Self::PartOfPass { first } => write!(f, "the task is tried in the pass that began at node {first}"),
            Self::NotQueued(task) => write!(f, "task {}/{} is not queued", task.node, task.item),
            Self::WrongKind(task) => {
                write!(f, "task {}/{} is of another kind: timers elapse, others are leased", task.node, task.item)
            }
            Self::NotDue { due } => write!(f, "the task is not due before {} ms", due.0),
            Self::AtLimit { concurrency } => write!(f, "{concurrency} tasks of the node are leased already"),
            Self::WidthMissing(task) => write!(f, "task {}/{} did not tell its width", task.node, task.item),
        }
    }
}

impl std::error::Error for Rejected {}
