//! What is counted and timed, by the `metrics` facade: nothing is kept where nobody installed a recorder before start.
//!
//! The names are a contract: `docs/operate.md` tells each, and dashboards are built on them.

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
    time::Duration,
};

use metrics::{
    Counter, Gauge, Histogram, Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};
use stagemark_rules::{Status, TaskId};

use crate::{Name, workflow::Plan};

/// How an attempt ended, as operators count it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AttemptEnd {
    /// Its output is committed.
    Ready,
    /// It failed, and the task is tried again.
    Failed,
    /// It failed, and the task is not tried again.
    DeadLetter,
    /// Its worker was not heard of until the lease ended.
    Expired,
    /// Its worker shut down before it was done.
    HandedBack,
    /// It made an output after another attempt had begun or the run had ended: nothing of it was written.
    Late,
    /// It stopped because it was told to: its run had ended, or its lease was lost.
    Stopped,
}

impl AttemptEnd {
    const ALL: [Self; 7] =
        [Self::Ready, Self::Failed, Self::DeadLetter, Self::Expired, Self::HandedBack, Self::Late, Self::Stopped];

    fn label(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Failed => "failed",
            Self::DeadLetter => "dead_letter",
            Self::Expired => "expired",
            Self::HandedBack => "handed_back",
            Self::Late => "late",
            Self::Stopped => "stopped",
        }
    }
}

/// The meters of one worker, looked up once: at fifty thousand attempts a second a look-up by labels would show.
pub(crate) struct Meters {
    steps: HashMap<Name, StepMeters>,
    workflows: HashMap<Arc<str>, WorkflowMeters>,
    lease_expirations: Counter,
    late_writes: Counter,
    pub(crate) hints_published: Counter,
    pub(crate) hints_received: Counter,
    pub(crate) slots: Gauge,
    pub(crate) slots_in_use: Gauge,
    pub(crate) active: Gauge,
}

struct StepMeters {
    duration: Histogram,
    ends: [Counter; AttemptEnd::ALL.len()],
}

struct WorkflowMeters {
    submitted: Counter,
    /// In the order ready, failed, cancelled.
    ended: [Counter; 3],
}

impl std::fmt::Debug for Meters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Meters").finish_non_exhaustive()
    }
}

impl Meters {
    /// The meters of a worker that serves these.
    pub(crate) fn new<'a>(plans: impl Iterator<Item = (&'a Arc<str>, &'a Arc<Plan>)>) -> Self {
        describe();
        let (mut steps, mut workflows) = (HashMap::new(), HashMap::new());
        for (workflow, plan) in plans {
            workflows.entry(Arc::clone(workflow)).or_insert_with(|| WorkflowMeters::of(workflow));
            for step in plan.steps.iter().flatten() {
                steps.entry(step.name).or_insert_with(|| StepMeters::of(step.name));
            }
        }
        Self {
            steps,
            workflows,
            lease_expirations: counter!("stagemark_lease_expirations_total"),
            late_writes: counter!("stagemark_late_writes_rejected_total"),
            hints_published: counter!("stagemark_hints_published_total"),
            hints_received: counter!("stagemark_hints_received_total"),
            slots: gauge!("stagemark_slots"),
            slots_in_use: gauge!("stagemark_slots_in_use"),
            active: gauge!("stagemark_active_runs"),
        }
    }

    /// Where the duration of an attempt at these tasks goes.
    pub(crate) fn durations(&self, plan: &Plan, tasks: &[TaskId]) -> Vec<Histogram> {
        let steps = tasks.iter().filter_map(|task| plan.steps[usize::from(task.node)].as_ref());
        steps.filter_map(|step| Some(self.steps.get(&step.name)?.duration.clone())).collect()
    }

    /// Counts attempts whose ends are settled, by the nodes of their tasks.
    pub(crate) fn ended(&self, plan: &Plan, ends: &[(u16, AttemptEnd)]) {
        for (node, end) in ends {
            if let Some(planned) = &plan.steps[usize::from(*node)] {
                self.attempt_ended(planned.name, *end);
            }
        }
    }

    fn attempt_ended(&self, step: Name, end: AttemptEnd) {
        match end {
            AttemptEnd::Expired => self.lease_expirations.increment(1),
            AttemptEnd::Late => self.late_writes.increment(1),
            _ => {}
        }
        if let Some(meters) = self.steps.get(&step) {
            meters.ends[end as usize].increment(1);
        }
    }

    /// Counts a run that was accepted here.
    pub(crate) fn submitted(&self, workflow: &Arc<str>) {
        match self.workflows.get(workflow) {
            Some(meters) => meters.submitted.increment(1),
            // Submitted for others: what an API host does.
            None => WorkflowMeters::of(workflow).submitted.increment(1),
        }
    }

    /// Counts a run that ended here.
    pub(crate) fn run_ended(&self, workflow: &Arc<str>, status: Status) {
        let at = ENDS.iter().position(|end| *end == status);
        if let (Some(meters), Some(at)) = (self.workflows.get(workflow), at) {
            meters.ended[at].increment(1);
        }
    }
}

const ENDS: [Status; 3] = [Status::Ready, Status::Failed, Status::Cancelled];

impl StepMeters {
    fn of(step: Name) -> Self {
        let step = step.as_str();
        let duration = histogram!("stagemark_step_duration_seconds", "step" => step);
        let end = |end: AttemptEnd| counter!("stagemark_attempts_total", "step" => step, "outcome" => end.label());
        Self { duration, ends: AttemptEnd::ALL.map(end) }
    }
}

impl WorkflowMeters {
    fn of(workflow: &str) -> Self {
        let submitted = counter!("stagemark_runs_submitted_total", "workflow" => workflow.to_owned());
        let ended = |status: Status| {
            let (workflow, status) = (workflow.to_owned(), status.to_string());
            counter!("stagemark_runs_ended_total", "workflow" => workflow, "status" => status)
        };
        Self { submitted, ended: ENDS.map(ended) }
    }
}

/// The meters of the committer, looked up at its first commit.
#[derive(Default)]
pub(crate) struct CommitMeters(OnceLock<(Histogram, Histogram)>);

impl std::fmt::Debug for CommitMeters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("CommitMeters").finish_non_exhaustive()
    }
}

impl CommitMeters {
    pub(crate) fn committed(&self, writes: usize, time: Duration) {
        let (sizes, durations) = self.0.get_or_init(|| {
            (histogram!("stagemark_commit_batch_size"), histogram!("stagemark_commit_duration_seconds"))
        });
        sizes.record(u32::try_from(writes).unwrap_or(u32::MAX));
        durations.record(time);
    }
}

fn describe() {
    describe_counter!("stagemark_attempts_total", "Attempts that ended, by step and outcome");
    describe_histogram!("stagemark_step_duration_seconds", Unit::Seconds, "How long attempts ran");
    describe_counter!("stagemark_runs_submitted_total", "Runs that this process accepted");
    describe_counter!("stagemark_runs_ended_total", "Runs that ended in this process, by status");
    describe_histogram!("stagemark_commit_batch_size", "Submissions and changes of one transaction");
    describe_histogram!("stagemark_commit_duration_seconds", Unit::Seconds, "How long transactions took");
    describe_counter!("stagemark_lease_expirations_total", "Attempts whose worker was not heard of in time");
    describe_counter!("stagemark_late_writes_rejected_total", "Outputs that came too late and were not written");
    describe_counter!("stagemark_hints_published_total", "Hints that the broker confirmed");
    describe_counter!("stagemark_hints_received_total", "Hints that the broker handed out here");
    describe_gauge!("stagemark_slots", "Attempts that may run here at a time");
    describe_gauge!("stagemark_slots_in_use", "Attempts that run here");
    describe_gauge!("stagemark_active_runs", "Runs that this process carries on");
}
