//! A worker host: a process of its own.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};

/// A worker process; killed when dropped.
pub(crate) struct Host {
    child: Child,
    log: PathBuf,
}

impl Host {
    /// Starts one with this environment, which writes its log to a file.
    pub(crate) fn start(environment: &[(&str, String)], folder: &Path, name: &str) -> Self {
        Self::start_by(Command::new(env!("CARGO_BIN_EXE_cluster-worker")), environment, folder, name)
    }

    pub(crate) fn start_by(mut command: Command, environment: &[(&str, String)], folder: &Path, name: &str) -> Self {
        let log = folder.join(format!("{name}.log"));
        let out = File::options().create(true).append(true).open(&log).unwrap();
        command.envs(environment.iter().map(|(key, value)| (key, value)));
        command.env("STAGEMARK_SCRATCH_FOLDER", folder.join(format!("scratch-{name}")));
        let child = command.stdin(Stdio::null()).stdout(out.try_clone().unwrap()).stderr(out).spawn().unwrap();
        Self { child, log }
    }

    /// As `kill -9` does.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Stops it where it stands; its clocks go on.
    pub(crate) fn pause(&self) {
        self.signal(Signal::STOP);
    }

    pub(crate) fn resume(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// What it has said so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
