//! The showcase as a cluster, on private servers.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use crate::host::web;

/// A cluster; told to stop when dropped.
pub(crate) struct Cluster {
    child: Child,
    folder: PathBuf,
    said: Vec<String>,
    pub(crate) url: String,
}

impl Cluster {
    /// Starts one, and waits until it is there.
    pub(crate) fn start(folder: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stagemark-contest-cluster"));
        command.arg("--dir").arg(folder).arg("--web").arg(web().join("dist"));
        command.env("DATABASE_URL", stagemark_services::database_url().unwrap());
        command.env("AMQP_URL", stagemark_services::amqp_url().unwrap());
        command.env("REDIS_URL", stagemark_services::redis_url().unwrap());
        let store = stagemark_services::s3_address().unwrap();
        command.env("S3_ENDPOINT", store.endpoint).env("S3_BUCKET", store.bucket);
        command.env("AWS_ACCESS_KEY_ID", store.access_key_id);
        command.env("AWS_SECRET_ACCESS_KEY", store.secret_access_key.reveal());
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let mut said = Vec::new();
        for line in lines.by_ref() {
            let is_last = line.starts_with("Ctrl-C");
            said.push(line);
            if is_last {
                break;
            }
        }
        std::thread::spawn(move || lines.for_each(drop));
        let url = said.iter().find_map(|line| line.strip_prefix("The contest is at ")).map(ToOwned::to_owned);
        Self { child, folder: folder.to_owned(), url: url.expect("it says where it is"), said }
    }

    pub(crate) fn admin_password(&self) -> String {
        fs::read_to_string(self.folder.join("admin-password")).unwrap()
    }

    /// The number of the process of a host.
    pub(crate) fn process(&self, host: &str) -> &str {
        let found = self.said.iter().find_map(|line| line.strip_prefix(host)?.strip_prefix(" is process "));
        found.expect("it says which processes it has started")
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // It ends its hosts and its front, which would stay after a kill.
        let _told = Command::new("kill").args(["-s", "TERM", &self.child.id().to_string()]).status();
        let _status = self.child.wait();
    }
}
