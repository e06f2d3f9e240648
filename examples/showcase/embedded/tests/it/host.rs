//! The showcase in a process of its own.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// A showcase on a folder; killed when dropped.
pub(crate) struct Host {
    child: Child,
    folder: PathBuf,
    pub(crate) url: String,
}

/// One test at a time: each has the machine encode videos, and people before a browser do not wait for ever.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The folder of the page's source.
pub(crate) fn web() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../web")
}

impl Host {
    /// Starts one, which goes on from what is in the folder, and waits until it is there.
    pub(crate) fn start(folder: &Path) -> Self {
        let page = web().join("dist");
        assert!(page.join("index.html").exists(), "the page is not built: run the tests by `cargo xtask test`");
        let mut command = Command::new(env!("CARGO_BIN_EXE_stagemark-contest"));
        command.arg("--dir").arg(folder).arg("--web").arg(page).args(["--listen", "127.0.0.1:0"]);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let url = said.find_map(|line| Some(line.strip_prefix("The contest is at ")?.to_owned()));
        // What it says next would end it, were nobody there to hear it.
        std::thread::spawn(move || said.for_each(drop));
        Self { child, folder: folder.to_owned(), url: url.expect("it says where it is") }
    }

    /// The password of the admin that is made at the first start.
    pub(crate) fn admin_password(&self) -> String {
        fs::read_to_string(self.folder.join("admin-password")).unwrap()
    }

    /// Ends it as the loss of power would.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // It may have been killed before.
        let _gone = self.child.kill();
        let _status = self.child.wait();
    }
}
