//! Shows progress: a live bar for each step, or lines where there is no terminal.

use std::{
    collections::HashMap,
    io::{self, IsTerminal},
};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use stagemark::{RunStatus, TaskState, TaskStatus};

use crate::{
    line::{Line, percent, said},
    say,
};

/// How many percent make a new line.
const PLAIN_STRIDE: u8 = 10;

pub(crate) enum Screen {
    Bars(MultiProgress, Vec<ProgressBar>),
    /// With what was printed last of each step.
    Plain(HashMap<String, Line>),
}

impl Screen {
    pub(crate) fn new(plain: bool) -> Self {
        if plain || !io::stdout().is_terminal() {
            return Self::Plain(HashMap::new());
        }
        Self::Bars(MultiProgress::with_draw_target(ProgressDrawTarget::stdout()), Vec::new())
    }

    pub(crate) fn show(&mut self, status: &RunStatus) -> io::Result<()> {
        match self {
            Self::Bars(all, bars) => {
                while let Some(task) = status.tasks.get(bars.len()) {
                    bars.push(all.add(bar(task)));
                }
                for (bar, task) in bars.iter().zip(&status.tasks) {
                    update(bar, task);
                }
            }
            Self::Plain(printed) => {
                for task in status.tasks.iter().filter(|task| task.attempt > 0) {
                    let line = Line::of(task);
                    if printed.get(&line.step).is_none_or(|last| tells_more(last, &line)) {
                        say(&line)?;
                        printed.insert(line.step.clone(), line);
                    }
                }
            }
        }
        Ok(())
    }

    /// Leaves the bars as they are.
    pub(crate) fn close(&mut self) {
        if let Self::Bars(_, bars) = self {
            bars.iter().for_each(ProgressBar::abandon);
        }
    }
}

fn bar(task: &TaskStatus) -> ProgressBar {
    let style = ProgressStyle::with_template("{prefix:<14} {bar:30.green/dim} {pos:>3} %  {msg}");
    let bar = ProgressBar::new(100).with_prefix(task.step.clone());
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("━━─"));
    bar
}

fn update(bar: &ProgressBar, task: &TaskStatus) {
    bar.set_position(percent(task.fraction).into());
    bar.set_message(match task.state {
        TaskState::Leased => format!("attempt {} {}", task.attempt, said(task)),
        state @ (TaskState::Queued | TaskState::Failed) if task.attempt > 0 => {
            format!("{state}, attempt {}: {}", task.attempt, said(task))
        }
        state if task.attempt > 1 => format!("{state}, attempt {}", task.attempt),
        state => state.to_string(),
    });
}

fn tells_more(last: &Line, line: &Line) -> bool {
    (&last.state, last.attempt) != (&line.state, line.attempt)
        || line.percent >= last.percent.saturating_add(PLAIN_STRIDE)
}
