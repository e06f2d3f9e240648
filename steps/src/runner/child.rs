//! Watches one child process to its end: reads what it says, and stops it when it must not go on.

use std::{
    process::{ExitStatus, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process_group};
use stagemark::Attempt;
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    process::Child,
    time::timeout,
};

use super::{Confined, launcher::launch, usage::Usage};
use crate::MediaError;

/// The longest line that is read; the rest of a longer one is dropped.
const LINE_BYTES_MAX: usize = 4096;
/// How much of the end of stderr is kept.
const SAID_BYTES_MAX: usize = 4096;
/// How long a killed process may take to be gone.
const REAP: Duration = Duration::from_secs(5);

/// How a child ended, and the last it said on stderr.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) said: String,
}

/// What is run, under which name, and for how long at most.
pub(crate) struct Watch<'a> {
    pub(crate) program: &'static str,
    pub(crate) attempt: &'a Attempt,
    pub(crate) wall: Duration,
}

impl Watch<'_> {
    /// Runs the command to its end; `line` is told each line of its stdout, and may refuse to hear more.
    ///
    /// # Cancellation
    /// The whole process group is killed when the attempt is cancelled, the time is over, or the future is dropped.
    pub(crate) async fn run(
        &self,
        Confined { mut command, walls }: Confined,
        line: impl FnMut(&str) -> Result<(), MediaError> + Send,
    ) -> Result<Ended, MediaError> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        tracing::debug!(program = self.program, ?command, "a program is started");
        let start = |source| MediaError::Start { program: self.program, source };
        let mut launched = launch(command, walls).await.map_err(start)?;
        let child = &mut launched.child;
        let group = Group::of(child);

        let ended = tokio::select! {
            biased;
            () = self.attempt.cancelled() => Err(MediaError::Cancelled),
            ended = timeout(self.wall, self.follow(child, line)) => {
                ended.unwrap_or(Err(MediaError::TimedOut { program: self.program, limit: self.wall }))
            }
        };
        if ended.is_err() {
            self.count(child);
            group.kill();
            // A process that the kernel cannot end within this time is left to the runtime, which reaps it later.
            let _ = timeout(REAP, child.wait()).await;
        }
        group.forget();
        ended
    }

    async fn follow(
        &self,
        child: &mut Child,
        line: impl FnMut(&str) -> Result<(), MediaError> + Send,
    ) -> Result<Ended, MediaError> {
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        // Both at once: a pipe that nobody drains stops the child for ever.
        let ((), said) = tokio::try_join!(lines(stdout, line), tail(stderr))?;
        // It has closed its pipes, and so does nothing more; once it was waited for, nothing is known of it.
        self.count(child);
        let status = child.wait().await.map_err(MediaError::scratch("the exit status"))?;
        Ok(Ended { status, said })
    }

    fn count(&self, child: &Child) {
        if let Some(process) = child.id() {
            Usage::of(process).count(self.program, self.attempt);
        }
    }
}

async fn lines(
    from: Option<impl AsyncRead + Unpin>,
    mut line: impl FnMut(&str) -> Result<(), MediaError> + Send,
) -> Result<(), MediaError> {
    let Some(mut from) = from else { return Ok(()) };
    let (mut part, mut held) = (vec![0; 16 * 1024], Vec::new());
    loop {
        let read = from.read(&mut part).await.map_err(MediaError::scratch("stdout"))?;
        for &byte in &part[..read] {
            if byte == b'\n' {
                line(&String::from_utf8_lossy(&held))?;
                held.clear();
            } else if held.len() < LINE_BYTES_MAX {
                held.push(byte);
            }
        }
        if read == 0 {
            return if held.is_empty() { Ok(()) } else { line(&String::from_utf8_lossy(&held)) };
        }
    }
}

async fn tail(from: Option<impl AsyncRead + Unpin>) -> Result<String, MediaError> {
    let Some(mut from) = from else {
        return Ok(String::new());
    };
    let (mut part, mut held) = (vec![0; 4096], Vec::new());
    loop {
        let read = from.read(&mut part).await.map_err(MediaError::scratch("stderr"))?;
        if read == 0 {
            return Ok(String::from_utf8_lossy(&held).trim().to_owned());
        }
        held.extend_from_slice(&part[..read]);
        held.drain(..held.len().saturating_sub(SAID_BYTES_MAX));
    }
}

/// The process group of a child; killed as a whole when the value is dropped, unless it has ended.
struct Group(Option<Pid>);

impl Group {
    fn of(child: &Child) -> Self {
        Self(child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw))
    }

    fn kill(&self) {
        if let Some(group) = self.0 {
            // It fails when the group is gone, which is what is wanted.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }

    /// Must follow the reaping of the child: from then on its id may be another's.
    fn forget(mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}
