//! The progress of a run: a bar for each step in a terminal, and plain lines elsewhere.

use std::{collections::BTreeMap, io::IsTerminal};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use stagemark::{RunStatus, TaskState, TaskStatus};

pub(crate) enum Show {
    Bars { all: MultiProgress, bars: Vec<ProgressBar> },
    Lines { told: BTreeMap<usize, Told> },
}

/// What was told of a task last: where it is, which attempt, and how many tenths.
type Told = (TaskState, u32, u64);

impl Show {
    pub(crate) fn new(plain: bool) -> Self {
        if plain || !std::io::stdout().is_terminal() {
            return Self::Lines { told: BTreeMap::new() };
        }
        Self::Bars { all: MultiProgress::new(), bars: Vec::new() }
    }

    pub(crate) fn status(&mut self, status: &RunStatus) {
        match self {
            Self::Bars { all, bars } => {
                for (at, task) in status.tasks.iter().enumerate() {
                    if bars.len() == at {
                        bars.push(all.add(bar(&task.step)));
                    }
                    draw(&bars[at], task);
                }
            }
            Self::Lines { told } => {
                for (at, task) in status.tasks.iter().enumerate() {
                    if is_news(told.get(&at), task) {
                        println!("{}", line(task));
                        told.insert(at, (task.state, task.attempt, tenths(task)));
                    }
                }
            }
        }
    }

    pub(crate) fn end(&mut self) {
        if let Self::Bars { bars, .. } = self {
            bars.iter().for_each(ProgressBar::abandon);
        }
    }
}

fn bar(step: &str) -> ProgressBar {
    let style = ProgressStyle::with_template("{prefix:>14} {bar:40.cyan/blue} {percent:>3} % {msg}");
    let bar = ProgressBar::new(100).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.with_prefix(step.to_owned())
}

fn draw(bar: &ProgressBar, task: &TaskStatus) {
    bar.set_position(percent(task.fraction));
    let tried = if task.attempt > 1 { format!(", attempt {}", task.attempt) } else { String::new() };
    bar.set_message(match task.state {
        TaskState::Waiting => String::new(),
        TaskState::Leased => format!("{}{tried}", task.message),
        state => format!("{state}{tried}"),
    });
}

/// A step may begin to count anew, for each file that it makes; that is not told.
fn is_news(told: Option<&Told>, task: &TaskStatus) -> bool {
    match told {
        None => task.state != TaskState::Waiting,
        Some((state, attempt, tenth)) => {
            (*state, *attempt) != (task.state, task.attempt) || task.state == TaskState::Leased && tenths(task) > *tenth
        }
    }
}

fn line(task: &TaskStatus) -> String {
    let TaskStatus { step, state, attempt, .. } = task;
    match state {
        TaskState::Leased if task.fraction > 0.0 => format!("{step}: attempt {attempt}, {} %", tenths(task) * 10),
        TaskState::Leased => format!("{step}: attempt {attempt} begins"),
        TaskState::Queued if *attempt > 0 => format!("{step}: attempt {attempt} failed, to be tried again"),
        _ => format!("{step}: {state}"),
    }
}

fn tenths(task: &TaskStatus) -> u64 {
    percent(task.fraction) / 10
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of a hundred")]
fn percent(fraction: f64) -> u64 {
    (fraction.clamp(0.0, 1.0) * 100.0).round() as u64
}
