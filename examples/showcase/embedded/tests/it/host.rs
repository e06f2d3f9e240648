//! The showcase in a process of its own.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::harm::tails;

/// A showcase on a folder; killed when dropped.
pub(crate) struct Host {
    child: Child,
    folder: PathBuf,
    port: u16,
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

/// The folder of the page's files.
pub(crate) fn page() -> PathBuf {
    let page = web().join("dist");
    assert!(page.join("index.html").exists(), "the page is not built: run the tests by `cargo xtask test`");
    page
}

impl Host {
    /// Starts one, which goes on from what is in the folder, and waits until it is there.
    pub(crate) fn start(folder: &Path) -> Self {
        // Below those of outgoing connections: else the browser's own could take it while the process is away.
        let port = stagemark_services::free_ports(1).unwrap()[0];
        Self::start_at(folder, port).unwrap()
    }

    fn start_at(folder: &Path, port: u16) -> Result<Self, String> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stagemark-contest"));
        command.arg("--dir").arg(folder).arg("--web").arg(page()).arg(format!("--listen=127.0.0.1:{port}"));
        let log = File::options().create(true).append(true).open(folder.join("log")).unwrap();
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let url = said.find_map(|line| Some(line.strip_prefix("The contest is at ")?.to_owned()));
        // What it says next would end it, were nobody there to hear it.
        std::thread::spawn(move || said.for_each(drop));
        let host = Self { child, folder: folder.to_owned(), port, url: url.clone().unwrap_or_default() };
        url.map(|_| ()).ok_or_else(|| format!("the process did not come to listen at {port}:{}", host.log()))?;
        Ok(host)
    }

    /// The password of the admin that is made at the first start.
    pub(crate) fn admin_password(&self) -> String {
        fs::read_to_string(self.folder.join("admin-password")).unwrap()
    }

    /// The end of what it has said of itself.
    pub(crate) fn log(&self) -> String {
        tails(&[self.folder.join("log")])
    }

    /// Ends it as the loss of power would, and starts it again where it was.
    pub(crate) fn crash(&mut self) -> Result<(), String> {
        self.end();
        *self = Self::start_at(&self.folder, self.port)?;
        Ok(())
    }

    fn end(&mut self) {
        // It may have ended by itself.
        let _gone = self.child.kill();
        let _status = self.child.wait();
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.end();
    }
}
