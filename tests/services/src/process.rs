//! Processes, told apart by their ids and the times of their starts, and signals to them.

use std::{
    collections::HashSet,
    fs,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

use crate::error::ServiceError;

/// How often what is waited for is looked at.
const GLANCE: Duration = Duration::from_millis(20);

/// A process. An id is given again to others; with the time of its start it is one process for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Process {
    pub(crate) id: u32,
    started: u64,
}

/// What the system says of a process.
struct Stat {
    parent: u32,
    started: u64,
    is_dead: bool,
}

impl Process {
    /// The living process of this id.
    pub(crate) fn of(id: u32) -> Option<Self> {
        let stat = stat(id).filter(|stat| !stat.is_dead)?;
        Some(Self { id, started: stat.started })
    }

    pub(crate) fn is_alive(self) -> bool {
        Self::of(self.id) == Some(self)
    }

    pub(crate) fn signal(self, signal: Signal) {
        let id = i32::try_from(self.id).ok().and_then(Pid::from_raw);
        if let Some(id) = id.filter(|_| self.is_alive()) {
            // One that has just ended needs no signal.
            let _ended = kill_process(id, signal);
        }
    }

    /// This process and all that it has started, and those in turn, that live.
    pub(crate) fn family(self) -> Vec<Self> {
        let all: Vec<(u32, u32)> = ids().filter_map(|id| Some((id, stat(id)?.parent))).collect();
        let mut found = HashSet::from([self.id]);
        loop {
            let more: Vec<u32> = all
                .iter()
                .filter(|(id, parent)| found.contains(parent) && !found.contains(id))
                .map(|it| it.0)
                .collect();
            if more.is_empty() {
                break;
            }
            found.extend(more);
        }
        found.into_iter().filter_map(Self::of).collect()
    }

    pub(crate) fn to_line(self) -> String {
        format!("{} {}\n", self.id, self.started)
    }

    /// The process of a line, if it lives.
    pub(crate) fn from_line(line: &str) -> Option<Self> {
        let (id, started) = line.split_once(' ')?;
        let process = Self { id: id.parse().ok()?, started: started.parse().ok()? };
        process.is_alive().then_some(process)
    }
}

pub(crate) fn signal_all(processes: &[Process], signal: Signal) {
    for process in processes {
        process.signal(signal);
    }
}

fn ids() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten();
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
}

fn stat(id: u32) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The name of the program, in parentheses, may hold anything.
    let fields: Vec<&str> = text.rsplit_once(") ")?.1.split(' ').collect();
    // The first of several threads may be dead while others still hold what the process had.
    let threads: u32 = fields.get(17)?.parse().ok()?;
    Some(Stat {
        is_dead: matches!(*fields.first()?, "Z" | "X") && threads <= 1,
        parent: fields.get(1)?.parse().ok()?,
        started: fields.get(19)?.parse().ok()?,
    })
}

/// Waits until something is so, up to this long; whether it came to be.
pub(crate) fn wait_until(limit: Duration, mut is_so: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + limit;
    loop {
        if is_so() {
            return true;
        }
        if Instant::now() >= deadline {
            return false;
        }
        thread::sleep(GLANCE);
    }
}

/// A pause of processes. It ends when it is dropped, and also when this process dies: what is paused could not.
#[derive(Debug)]
pub(crate) struct Pause {
    family: Vec<Process>,
    guard: Child,
}

impl Pause {
    pub(crate) fn of(family: Vec<Process>) -> Result<Self, ServiceError> {
        let mut guard = Command::new("sh");
        // It reads until our end of the pipe is closed, which the death of this process does too.
        guard.args(["-c", r#"read -r line; kill -CONT "$@" 2>/dev/null"#, "sh"]);
        guard.args(family.iter().map(|process| process.id.to_string()));
        let guard = guard.stdin(Stdio::piped()).spawn();
        let guard = guard.map_err(|error| ServiceError::command("starting the guard of a pause", &error))?;
        signal_all(&family, Signal::STOP);
        Ok(Self { family, guard })
    }
}

impl Drop for Pause {
    fn drop(&mut self) {
        signal_all(&self.family, Signal::CONT);
        drop(self.guard.stdin.take());
        // It has nothing left to do and ends by itself.
        let _ended = self.guard.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sleeper() -> Child {
        Command::new("sh").args(["-c", "sleep 600 & wait"]).spawn().unwrap()
    }

    #[test]
    fn a_family_is_a_process_and_what_it_started() {
        let mut child = sleeper();
        let process = Process::of(child.id()).unwrap();
        assert!(wait_until(Duration::from_secs(10), || process.family().len() == 2));

        let family = process.family();
        signal_all(&family, Signal::KILL);

        child.wait().unwrap();
        assert!(wait_until(Duration::from_secs(10), || family.iter().all(|process| !process.is_alive())));
    }

    #[test]
    fn a_process_is_found_by_its_line_until_it_ends() {
        let mut child = sleeper();
        let process = Process::of(child.id()).unwrap();
        let line = process.to_line();
        assert_eq!(Process::from_line(line.trim_end()), Some(process));

        signal_all(&process.family(), Signal::KILL);
        child.wait().unwrap();

        assert_eq!(Process::from_line(line.trim_end()), None);
    }

    #[test]
    fn a_line_with_another_start_names_no_process() {
        assert_eq!(Process::from_line(&format!("{} 1", std::process::id())), None);
    }
}
