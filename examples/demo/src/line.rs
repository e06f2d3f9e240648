//! A line of plain progress, as it is printed and as it is read again by whoever watches a worker.

use std::{fmt, str::FromStr};

use stagemark::{TaskState, TaskStatus};

/// Where a step is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) step: String,
    pub(crate) state: String,
    pub(crate) attempt: u32,
    /// From 0 to 100.
    pub(crate) percent: u8,
    pub(crate) message: String,
}

impl Line {
    pub(crate) fn of(task: &TaskStatus) -> Self {
        let (step, state) = (task.step.clone(), task.state.to_string());
        Self { step, state, attempt: task.attempt, percent: percent(task.fraction), message: said(task) }
    }

    /// Whether an attempt is at work, with some of it done and some to do.
    pub(crate) fn is_mid_step(&self) -> bool {
        self.state == TaskState::Leased.to_string() && (1..100).contains(&self.percent)
    }
}

/// What there is to say of a task: why its attempt failed while it waits for the next, else what the attempt says.
pub(crate) fn said(task: &TaskStatus) -> String {
    match (task.state, task.error.first()) {
        (TaskState::Queued | TaskState::Failed, Some(why)) => why.clone(),
        _ => task.message.clone(),
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 100")]
pub(crate) fn percent(fraction: f64) -> u8 {
    (fraction.clamp(0.0, 1.0) * 100.0) as u8
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { step, state, attempt, percent, message } = self;
        write!(f, "{step:<14} {state:<10} attempt {attempt} {percent:>3} % {message}")
    }
}

/// The line is not one of progress.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct OtherLine;

impl FromStr for Line {
    type Err = OtherLine;

    fn from_str(line: &str) -> Result<Self, OtherLine> {
        let words: Vec<_> = line.split_whitespace().collect();
        let [step, state, "attempt", attempt, percent, "%", message @ ..] = words.as_slice() else {
            return Err(OtherLine);
        };
        let (attempt, percent) = (attempt.parse().map_err(|_| OtherLine)?, percent.parse().map_err(|_| OtherLine)?);
        Ok(Self { step: (*step).into(), state: (*state).into(), attempt, percent, message: message.join(" ") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(percent: u8) -> Line {
        Line { step: "edit".into(), state: "leased".into(), attempt: 2, percent, message: "1.5 s of video".into() }
    }

    #[test]
    fn what_is_printed_is_read_again() {
        assert_eq!(line(40).to_string().parse(), Ok(line(40)));
    }

    #[test]
    fn other_lines_are_told_apart() {
        assert_eq!("Beginning run 42.".parse::<Line>(), Err(OtherLine));
    }

    #[test]
    fn a_step_is_at_work_between_its_beginning_and_its_end() {
        assert!(line(40).is_mid_step());
        assert!(!line(0).is_mid_step() && !line(100).is_mid_step());
        assert!(!Line { state: "ready".into(), ..line(40) }.is_mid_step());
    }
}
