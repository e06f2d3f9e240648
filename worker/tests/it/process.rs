//! A worker host in a process of its own, on a `SQLite` file, and a client beside it.

use std::{
    net::SocketAddr,
    path::Path,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use stagemark::Engine;
use stagemark_sql::SqlStore;
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    process::{Child, Command},
    time::{Instant, sleep, timeout},
};

const PATIENCE: Duration = Duration::from_mins(1);

/// A folder with all that hosts share.
pub(crate) struct Place {
    folder: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn database(&self) -> String {
        format!("sqlite://{}", self.path().join("stagemark.db").display())
    }

    /// Submits and waits, and carries nothing on.
    pub(crate) async fn client(&self) -> Engine {
        let store = SqlStore::open(&self.database()).await.unwrap();
        Engine::builder(store).poll(Duration::from_millis(50)).start().await.unwrap()
    }

    pub(crate) async fn host(&self, variables: &[(&str, &str)]) -> Host {
        Host::start(self.command(variables)).await
    }

    pub(crate) fn command(&self, variables: &[(&str, &str)]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_worker-test-host"));
        command
            .env("DATABASE_URL", self.database())
            .env("STAGEMARK_ARTIFACTS_FOLDER", self.path().join("artifacts"))
            .env("STAGEMARK_SCRATCH_FOLDER", self.path().join("scratch"))
            .env("STAGEMARK_LISTEN", "127.0.0.1:0")
            .env("STAGEMARK_POLL_MS", "50")
            .env("RUST_LOG", "info,stagemark=trace,stagemark_worker=trace")
            .envs(variables.iter().copied())
            .current_dir(self.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// Waits until a file is there.
    pub(crate) async fn until_there(&self, name: &str) {
        let file = self.path().join(name);
        until(name, async || file.exists()).await;
    }
}

/// A host that runs; killed when dropped.
pub(crate) struct Host {
    child: Child,
    address: SocketAddr,
    /// What it prints and logs, gathered so that it never waits for a reader.
    said: tokio::task::JoinHandle<String>,
}

impl Host {
    pub(crate) async fn start(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let mut log = child.stderr.take().unwrap();
        let said = tokio::spawn(async move {
            let mut said = String::new();
            log.read_to_string(&mut said).await.unwrap();
            said
        });
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = loop {
            match timeout(PATIENCE, lines.next_line()).await.unwrap().unwrap() {
                Some(line) if line.starts_with("listens ") => break line["listens ".len()..].parse().unwrap(),
                Some(_) => {}
                None => panic!("the host did not start: {}", said.await.unwrap()),
            }
        };
        Self { child, address, said }
    }

    /// The status and the body of a page.
    pub(crate) async fn page(&self, path: &str) -> (u16, String) {
        page(self.address, path).await.expect("the host serves its pages")
    }

    /// Waits until a page answers so.
    pub(crate) async fn until_page(&self, path: &str, status: u16) -> String {
        let mut last = String::new();
        until(path, async || {
            let (seen, body) = self.page(path).await;
            last = body;
            seen == status
        })
        .await;
        last
    }

    pub(crate) fn signal(&self, name: &str) {
        let process = self.child.id().expect("it runs").to_string();
        assert!(std::process::Command::new("kill").args(["-s", name, &process]).status().unwrap().success());
    }

    /// How it ended, and what it logged.
    pub(crate) async fn ended(mut self) -> (ExitStatus, String) {
        let status = timeout(PATIENCE, self.child.wait()).await.expect("the host ends").unwrap();
        (status, self.said.await.unwrap())
    }
}

/// The status and the body of a page, if somebody listens there.
pub(crate) async fn page(address: SocketAddr, path: &str) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(address).await.ok()?;
    stream.write_all(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes()).await.unwrap();
    let mut answer = String::new();
    timeout(PATIENCE, stream.read_to_string(&mut answer)).await.unwrap().unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    Some((head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned()))
}

/// Waits until something is so.
pub(crate) async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so().await {
        assert!(Instant::now() < deadline, "{what} within {PATIENCE:?}");
        sleep(Duration::from_millis(10)).await;
    }
}
