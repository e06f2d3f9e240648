//! Kills the worker process in mid-step, twice, and starts it again.

use std::{
    env,
    process::{ExitCode, ExitStatus, Stdio},
};

use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    signal::unix::{Signal, SignalKind, signal},
};

use crate::{Failure, INTERRUPTED, Options, line::Line, say};

/// The steps that take long enough to be met in the middle.
const TARGETS: [&str; 5] = ["trim", "edit", "watermark", "gossip", "finish"];
/// Which of them are met: the first at `edit`, the second at a later one.
const FIRST_TARGET: usize = 1;
const KILLS: usize = 2;

/// Runs the demo in worker processes, until it is through.
pub(crate) async fn supervise(options: &Options) -> Result<ExitCode, Failure> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let (mut from, mut killed) = (FIRST_TARGET, 0);
    for kill in 1..=KILLS {
        let mut worker = Worker::start(options, kill == 1)?;
        match worker.until_mid_step(&TARGETS[from..], killed, &mut interrupt).await? {
            Some(line) => {
                worker.kill(&line, kill).await?;
                from = TARGETS.iter().position(|step| *step == line.step).map_or(from, |at| at + 1);
                killed = line.attempt;
            }
            None => return worker.ended(kill - 1).await,
        }
    }
    let mut worker = Worker::start(options, false)?;
    worker.until_mid_step(&[], killed, &mut interrupt).await?;
    worker.ended(KILLS).await
}

struct Worker {
    child: Child,
    said: Lines<BufReader<ChildStdout>>,
}

impl Worker {
    fn start(options: &Options, fresh: bool) -> Result<Self, Failure> {
        let mut command = Command::new(env::current_exe()?);
        command.arg("--plain").arg("--dir").arg(&options.dir).stdout(Stdio::piped()).kill_on_drop(true);
        if let Some(input) = &options.input {
            command.arg("--input").arg(input);
        }
        if fresh {
            command.arg("--fresh");
        }
        let mut child = command.spawn()?;
        say(&format_args!("\n>>> worker process {} begins", child.id().unwrap_or_default()))?;
        let said = child.stdout.take().ok_or("the worker has no output")?;
        Ok(Self { child, said: BufReader::new(said).lines() })
    }

    /// Passes on what the worker says, until it is at work on one of these steps, or ends. All of them are steps of one
    /// pass, and what the worker says first is how far the attempt came that was killed: only a later one is its own.
    async fn until_mid_step(
        &mut self,
        targets: &[&str],
        killed: u32,
        interrupt: &mut Signal,
    ) -> Result<Option<Line>, Failure> {
        loop {
            let said = tokio::select! {
                said = self.said.next_line() => said?,
                // The worker is told by the terminal too, and says how to go on.
                _ = interrupt.recv() => continue,
            };
            let Some(said) = said else { return Ok(None) };
            say(&said)?;
            if let Ok(line) = said.parse::<Line>()
                && line.is_mid_step()
                && line.attempt > killed
                && targets.contains(&line.step.as_str())
            {
                return Ok(Some(line));
            }
        }
    }

    async fn kill(mut self, line: &Line, kill: usize) -> Result<(), Failure> {
        let worker = self.child.id().unwrap_or_default();
        self.child.kill().await?;
        let Line { step, attempt, percent, .. } = line;
        say(&format_args!(
            ">>> kill -9 {worker} (kill {kill} of {KILLS}), in attempt {attempt} of {step}, at {percent} %"
        ))?;
        Ok(())
    }

    /// What the last worker's end means.
    async fn ended(mut self, kills: usize) -> Result<ExitCode, Failure> {
        let status: ExitStatus = self.child.wait().await?;
        match status.code() {
            Some(0) if kills == KILLS => Ok(ExitCode::SUCCESS),
            Some(0) => Err(format!("only {kills} of {KILLS} kills met a step at work; take a longer --input").into()),
            Some(code) if code == i32::from(INTERRUPTED) => Ok(ExitCode::from(INTERRUPTED)),
            Some(_) => Ok(ExitCode::FAILURE),
            None => Err(format!("the worker ended with {status}").into()),
        }
    }
}
