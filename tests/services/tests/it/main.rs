//! Private servers live as long as they should, and no longer.

mod killed;
mod life;
mod postgres;
mod rabbitmq;

use std::{
    fs,
    net::TcpStream,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use stagemark_services::{Kind, Server};

/// Waits for something, a while.
fn comes_to_be(mut is_so: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + Duration::from_secs(30);
    while Instant::now() < deadline {
        if is_so() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    false
}

/// The folders of living processes that work below this one.
fn processes_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir("/proc").unwrap().filter_map(|entry| Some(entry.ok()?.path()));
    let folders = entries.filter_map(|process| fs::read_link(process.join("cwd")).ok());
    folders.filter(|work| work.starts_with(folder)).collect()
}

fn is_listening<K: Kind>(server: &Server<K>) -> bool {
    TcpStream::connect(server.address()).is_ok()
}
