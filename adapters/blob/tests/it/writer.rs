//! A process that writes artifacts and is told when to finish, or killed before.

use std::{
    env,
    io::{BufRead, BufReader, Lines, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use stagemark::ports::{ArtifactError, Artifacts};
use stagemark_blob::LocalArtifacts;

const FOLDER: &str = "STAGEMARK_BLOB_WRITER";
pub(crate) const PART_BYTES: usize = 64 * 1024;
pub(crate) const PARTS: usize = 8;

/// A writer in a process of its own: this test program, told by its environment to be one. Killed when dropped.
pub(crate) struct Writer {
    child: Child,
    orders: ChildStdin,
    said: Lines<BufReader<ChildStdout>>,
}

impl Writer {
    pub(crate) fn start(folder: &Path) -> Self {
        Self::spawn(Command::new(env::current_exe().unwrap()), folder)
    }

    /// One whose files may have at most this size, and that lives on when it meets the limit.
    pub(crate) fn limited(folder: &Path, file_bytes: usize) -> Self {
        let mut limited = Command::new("sh");
        let program = env::current_exe().unwrap();
        limited.args(["-c", r#"trap "" XFSZ; exec "$@""#, "sh", "prlimit", &format!("--fsize={file_bytes}:unlimited")]);
        limited.arg(program);
        Self::spawn(limited, folder)
    }

    fn spawn(mut program: Command, folder: &Path) -> Self {
        let mut child = program
            .args(["--exact", "writer::a_writer_does_what_it_is_told", "--nocapture"])
            .env(FOLDER, folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (orders, said) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let mut writer = Self { child, orders, said: BufReader::new(said).lines() };
        writer.hears("ready");
        writer
    }

    /// Sets the size that its files may have.
    pub(crate) fn limit(&self, file_bytes: usize) {
        let (pid, limit) = (self.child.id().to_string(), format!("--fsize={file_bytes}:unlimited"));
        assert!(Command::new("prlimit").args(["--pid", &pid, &limit]).status().unwrap().success());
    }

    /// Waits until it says this.
    pub(crate) fn hears(&mut self, expected: &str) {
        for line in self.said.by_ref() {
            if line.unwrap() == expected {
                return;
            }
        }
        panic!("the writer ended before it said {expected}");
    }

    pub(crate) fn told(&mut self, order: &str) {
        writeln!(self.orders, "{order}").unwrap();
    }

    /// Kills it, as `kill -9` does, and gives the keys it said it had finished and nobody had heard of.
    pub(crate) fn kill(mut self) -> Vec<String> {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        let said = self.said.by_ref().map_while(Result::ok);
        said.filter_map(|line| Some(line.strip_prefix("finished ")?.to_owned())).collect()
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // It may have been killed before.
        let _ended = self.child.kill().and_then(|()| self.child.wait());
    }
}

/// What is written under a key: its parts differ, so that a hole or a half is seen.
pub(crate) fn content() -> Vec<u8> {
    (1..).take(PARTS).flat_map(|part| vec![part; PART_BYTES]).collect()
}

/// Without orders, it has none to follow.
#[tokio::test]
async fn a_writer_does_what_it_is_told() {
    let Some(folder) = env::var_os(FOLDER) else { return };
    let artifacts = LocalArtifacts::open(folder).unwrap();
    println!("\nready");
    let mut orders = std::io::stdin().lines().map_while(Result::ok);
    while let Some(order) = orders.next() {
        match order.as_str() {
            "begin" => {
                let mut sink = artifacts.write("a/half").await.unwrap();
                sink.write(content().into()).await.unwrap();
                println!("begun");
                orders.next();
                sink.finish().await.unwrap();
                println!("done");
            }
            "try" => match put(&artifacts, "a/tried").await {
                Ok(()) => println!("done"),
                Err(ArtifactError::Full { .. }) => println!("full"),
                Err(error) => panic!("{error}"),
            },
            order => match order.strip_prefix("give ").and_then(|given| given.split_once(' ')) {
                Some((file, folder)) => give_many(&artifacts, Path::new(file), folder).await,
                None => write_many(&artifacts, order).await,
            },
        }
    }
}

async fn write_many(artifacts: &LocalArtifacts, folder: &str) {
    for number in 0.. {
        let key = format!("{folder}/{number}");
        put(artifacts, &key).await.unwrap();
        println!("finished {key}");
    }
}

/// Has the store take a file that is made anew each time.
async fn give_many(artifacts: &LocalArtifacts, file: &Path, folder: &str) {
    for number in 0.. {
        std::fs::write(file, content()).unwrap();
        let key = format!("{folder}/{number}");
        let mut sink = artifacts.write(&key).await.unwrap();
        assert!(sink.take(file).await.unwrap());
        sink.finish().await.unwrap();
        println!("finished {key}");
    }
}

async fn put(artifacts: &LocalArtifacts, key: &str) -> Result<(), ArtifactError> {
    let mut sink = artifacts.write(key).await?;
    for part in content().chunks(PART_BYTES) {
        sink.write(part.to_vec().into()).await?;
    }
    sink.finish().await.map(drop)
}
