//! The state of a run: its status, and its tasks as far as they are open.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Milliseconds since 1970-01-01T00:00:00Z.
///
/// ```
/// use std::time::Duration;
/// use stagemark_rules::Timestamp;
///
/// assert_eq!(Timestamp(1_000).after(Duration::from_secs(2)), Timestamp(3_000));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// The moment this long after.
    #[must_use]
    pub fn after(self, delay: std::time::Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(delay.as_millis()).unwrap_or(u64::MAX)))
    }
}

/// One worker process from its start to its end; a process that starts again is another worker.
///
/// ```
/// use stagemark_rules::WorkerId;
///
/// assert_ne!(WorkerId(1), WorkerId(2));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct WorkerId(pub u128);

/// A step within a run, or one item of an `each`. Tasks sort by node, then by item.
///
/// ```
/// use stagemark_rules::TaskId;
///
/// assert!(TaskId { node: 1, item: 9 } < TaskId::of(2));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TaskId {
    /// The number of the node in the workflow's shape.
    pub node: u16,
    /// Which item of an `each`, from 0; 0 for a single step.
    pub item: u32,
}

impl TaskId {
    /// The single task of a step, or the first item of an `each`.
    pub const fn of(node: u16) -> Self {
        Self { node, item: 0 }
    }
}

/// Where a run is; it only ever moves to the right: queued, running, then one of the three ends.
///
/// ```
/// use stagemark_rules::Status;
///
/// assert!(Status::Failed.has_ended() && !Status::Running.has_ended());
/// assert_eq!(Status::Ready.to_string(), "ready");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Status {
    /// No task was leased yet: it waits for a worker, for its moment, or for a timer.
    Queued,
    /// A task was leased.
    Running,
    /// Every task is done.
    Ready,
    /// A task will not be tried again.
    Failed,
    /// Somebody asked for it to stop.
    Cancelled,
}

impl Status {
    /// Whether nothing will change any more.
    pub const fn has_ended(self) -> bool {
        matches!(self, Self::Ready | Self::Failed | Self::Cancelled)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Ready => "ready",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        })
    }
}

/// Where a task is.
///
/// ```
/// use stagemark_rules::{Phase, Task, Timestamp};
///
/// assert_eq!(Task::NEW.phase, Phase::Queued { due: Timestamp(0) });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Phase {
    /// Waits for a worker, from a moment on; of a timer, for the moment alone.
    Queued {
        /// No lease is given before.
        due: Timestamp,
    },
    /// A worker tries it.
    Leased {
        /// Which.
        worker: WorkerId,
    },
    /// It succeeded; its output is kept.
    Done {
        /// How many items its output has, where an `each` maps over it.
        width: Option<u32>,
    },
    /// It failed for good.
    Dead,
    /// Its run ended before it did.
    Dropped,
    /// A pass that it was part of has failed, and its input is not there yet.
    Waiting,
}

/// How a task stands to passes: attempts at several steps in one go.
///
/// ```
/// use stagemark_rules::{Fusion, Task};
///
/// assert_eq!(Task::NEW.fusion, Fusion::Free);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Fusion {
    /// Its latest attempt, if there was one, was at this task alone.
    #[default]
    Free,
    /// Its latest attempt was a pass that began at this node; so a pass is named within its run.
    Pass(u16),
    /// A pass that it was part of has failed for good: it is tried alone from then on.
    Alone,
}

/// The state of one task.
///
/// ```
/// use stagemark_rules::Task;
///
/// assert_eq!((Task::NEW.attempt, Task::NEW.released), (0, 0));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Task {
    /// Where it is.
    pub phase: Phase,
    /// How many leases were given; the number of the latest is the fencing token.
    pub attempt: u32,
    /// How many of these count for no attempt of the policy: they were handed back by a worker that shut down, or were
    /// those of a pass that has failed for good.
    pub released: u32,
    /// How it stands to passes.
    pub fusion: Fusion,
}

impl Task {
    /// A task that nobody has tried.
    pub const NEW: Self =
        Self { phase: Phase::Queued { due: Timestamp(0) }, attempt: 0, released: 0, fusion: Fusion::Free };
}

/// The state of a run: the whole input and the whole output of [`decide`](crate::decide()).
///
/// ```
/// use stagemark_rules::{Input, Policy, Shape, Task, TaskId, Timestamp, begin};
///
/// let mut shape = Shape::new();
/// let trim = shape.step("trim", 0, Policy::default());
/// let run = begin(&shape, Input::One, Timestamp(0)).run;
/// assert_eq!(run.task(TaskId::of(trim)), Some(&Task::NEW));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Where the run is.
    pub status: Status,
    /// How many items the run's input has, where an `each` maps over it.
    pub width: Option<u32>,
    /// The tasks that were opened, in order.
    pub tasks: Vec<(TaskId, Task)>,
}

impl Run {
    /// The state of a task, or `None` while its inputs are not done.
    pub fn task(&self, id: TaskId) -> Option<&Task> {
        let at = self.position(id).ok()?;
        Some(&self.tasks[at].1)
    }

    /// The tasks of one node that were opened, in the order of their items.
    pub fn of_node(&self, node: u16) -> &[(TaskId, Task)] {
        let from = self.tasks.partition_point(|(id, _)| id.node < node);
        let to = self.tasks.partition_point(|(id, _)| id.node <= node);
        &self.tasks[from..to]
    }

    /// The tasks that are leased, and to whom.
    pub fn leased(&self) -> impl Iterator<Item = (TaskId, WorkerId, u32)> + '_ {
        self.tasks.iter().filter_map(|(id, task)| match task.phase {
            Phase::Leased { worker } => Some((*id, worker, task.attempt)),
            _ => None,
        })
    }

    /// The attempts that hold a lease, each by its first task, and by whom they are made: a pass is one attempt.
    pub fn attempts(&self) -> impl Iterator<Item = (TaskId, WorkerId, u32)> + '_ {
        self.tasks.iter().filter_map(|(id, task)| match (task.phase, task.fusion) {
            (Phase::Leased { .. }, Fusion::Pass(first)) if first != id.node => None,
            (Phase::Leased { worker }, _) => Some((*id, worker, task.attempt)),
            _ => None,
        })
    }

    /// The tasks of the attempt that begins at this one and holds a lease: itself, and in a pass those that follow.
    pub fn members(&self, first: TaskId) -> impl Iterator<Item = TaskId> + '_ {
        let from = self.position(first).unwrap_or(self.tasks.len());
        let fusion = self.tasks.get(from).map_or(Fusion::Free, |(_, task)| task.fusion);
        let is_alone = fusion != Fusion::Pass(first.node);
        let to = if is_alone { self.tasks.len().min(from + 1) } else { self.tasks.len() };
        let is_leased = |task: &Task| matches!(task.phase, Phase::Leased { .. });
        let members = self.tasks[from..to].iter().filter(move |(_, task)| is_leased(task) && task.fusion == fusion);
        members.map(|(id, _)| *id)
    }

    pub(crate) fn position(&self, id: TaskId) -> Result<usize, usize> {
        self.tasks.binary_search_by_key(&id, |(id, _)| *id)
    }
}
