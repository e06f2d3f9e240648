//! What each bar shows: a step, or the steps of one pass.

use stagemark::{TaskState, TaskStatus};

use crate::line::{percent, said};

/// The tasks that one bar shows.
#[derive(Debug, PartialEq)]
pub(crate) struct Bar<'a>(Vec<&'a TaskStatus>);

/// The bars of a run, in the order of the plan.
pub(crate) fn bars(tasks: &[TaskStatus]) -> Vec<Bar<'_>> {
    let mut bars: Vec<Bar<'_>> = Vec::new();
    for task in tasks {
        match bars.iter_mut().find(|bar| task.pass.is_some() && bar.0[0].pass == task.pass) {
            Some(bar) => bar.0.push(task),
            None => bars.push(Bar(vec![task])),
        }
    }
    bars
}

impl Bar<'_> {
    /// The step, or the first and the last of a pass.
    pub(crate) fn name(&self) -> String {
        match self.0[..] {
            [task] => task.step.clone(),
            _ => format!("{}…{}", self.0[0].step, self.0[self.0.len() - 1].step),
        }
    }

    /// From 0 to 100: of a pass the mean of its steps.
    pub(crate) fn percent(&self) -> u8 {
        let steps = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        percent(self.0.iter().map(|task| task.fraction).sum::<f64>() / f64::from(steps))
    }

    /// What there is to say of it; of a pass that is at work, how far each of its steps is.
    pub(crate) fn message(&self) -> String {
        let task = self.0[0];
        match task.state {
            TaskState::Leased if self.0.len() > 1 => {
                let steps = self.0.iter().map(|task| format!("{} {} %", task.step, percent(task.fraction)));
                format!("attempt {} {}", task.attempt, steps.collect::<Vec<_>>().join(", "))
            }
            TaskState::Leased => format!("attempt {} {}", task.attempt, said(task)),
            state @ (TaskState::Queued | TaskState::Failed) if task.attempt > 0 => {
                format!("{state}, attempt {}: {}", task.attempt, said(task))
            }
            state if task.reused => format!("{state}, taken from an earlier run"),
            state if task.attempt > 1 => format!("{state}, attempt {}", task.attempt),
            state => state.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(step: &str, pass: Option<u16>, fraction: f64) -> TaskStatus {
        TaskStatus {
            due: None,
            step: step.into(),
            item: 0,
            state: TaskState::Leased,
            pass,
            worker: None,
            attempt: 1,
            fraction,
            message: "at work".into(),
            started: None,
            finished: None,
            error: vec![],
            output: None,
            reused: false,
        }
    }

    #[test]
    fn a_pass_is_one_bar_with_its_steps_in_it() {
        let tasks = [
            task("probe", None, 1.0),
            task("trim", Some(2), 0.9),
            task("edit", Some(2), 0.3),
            task("poster", None, 0.0),
        ];

        let bars = bars(&tasks);

        let names: Vec<_> = bars.iter().map(Bar::name).collect();
        assert_eq!(names, ["probe", "trim…edit", "poster"]);
        assert_eq!((bars[1].percent(), bars[1].message().as_str()), (60, "attempt 1 trim 90 %, edit 30 %"));
        assert_eq!(bars[0].message(), "attempt 1 at work");
    }

    #[test]
    fn what_was_not_made_anew_says_so() {
        let task = TaskStatus { state: TaskState::Ready, reused: true, ..task("trim", None, 1.0) };

        assert_eq!(bars(&[task])[0].message(), "ready, taken from an earlier run");
    }

    #[test]
    fn steps_that_are_run_alone_have_a_bar_each() {
        let tasks = [task("trim", None, 0.1), task("edit", None, 0.0)];

        assert_eq!(bars(&tasks).len(), 2);
    }
}
