//! Shows progress: a live bar for each step or pass, or lines where there is no terminal.

use std::{
    collections::HashMap,
    io::{self, IsTerminal},
};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use stagemark::RunStatus;

use crate::{
    bars::{Bar, bars},
    line::Line,
    say,
};

/// How many percent make a new line.
const PLAIN_STRIDE: u8 = 10;

pub(crate) enum Screen {
    /// With what is drawn, by name.
    Bars(MultiProgress, Vec<(String, ProgressBar)>),
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
            Self::Bars(all, drawn) => {
                let bars = bars(&status.tasks);
                if !drawn.iter().map(|(name, _)| name.clone()).eq(bars.iter().map(Bar::name)) {
                    // A pass has begun, or was given up: it is drawn anew.
                    drawn.drain(..).for_each(|(_, bar)| all.remove(&bar));
                    drawn.extend(bars.iter().map(|bar| (bar.name(), all.add(draw(bar)))));
                }
                for ((_, drawn), bar) in drawn.iter().zip(&bars) {
                    drawn.set_position(bar.percent().into());
                    drawn.set_message(bar.message());
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
            for (_, bar) in bars {
                bar.abandon();
            }
        }
    }
}

fn draw(shown: &Bar<'_>) -> ProgressBar {
    let style = ProgressStyle::with_template("{prefix:<14} {bar:30.green/dim} {pos:>3} %  {msg}");
    let bar = ProgressBar::new(100).with_prefix(shown.name());
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("━━─"));
    bar
}

fn tells_more(last: &Line, line: &Line) -> bool {
    (&last.state, last.attempt) != (&line.state, line.attempt)
        || line.percent >= last.percent.saturating_add(PLAIN_STRIDE)
}
