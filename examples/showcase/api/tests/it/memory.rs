//! How much memory large files take that come in through a host.

use std::{env, fs, process::Command};

use bytes::Bytes;
use futures::stream;
use reqwest::{Body, Method, StatusCode};
use stagemark_contest_records::videos;
use tokio::task::spawn_blocking;

use crate::clips::{Contest, announcement, file, id_of, read};

const ORDER: &str = "CONTEST_LARGE_FILE";
const MIB: usize = 1 << 20;
const SIZE: usize = 256 * MIB;
/// A half of the file; the host with its engine and its steps takes some 50 MiB.
const MEMORY_MAX_KIB: u64 = 128 * 1024;

/// A file that is made while it is sent.
fn pieces() -> Body {
    let piece = Bytes::from(vec![7; MIB]);
    let rest = std::iter::repeat_n(piece.clone(), SIZE / MIB - 1).chain([piece.slice(file("").len()..)]);
    Body::wrap_stream(stream::iter([file("")].into_iter().chain(rest).map(Ok::<_, std::io::Error>)))
}

/// Takes a large file in, and says the most memory that this process ever had. Without an order,
/// there is none to follow.
#[tokio::test(flavor = "multi_thread")]
async fn a_process_with_a_large_file_does_what_it_is_told() {
    if env::var_os(ORDER).is_none() {
        return;
    }
    let contest = Contest::start().await;
    let ada = contest.player("Ada").await;
    let video = id_of(&read(contest.announce(&ada, &announcement("Large", SIZE), "one").await).await);

    let sent = contest.ask(&ada, Method::PUT, &format!("/api/videos/{video}/content")).body(pieces()).send();

    assert_eq!(sent.await.unwrap().status(), StatusCode::ACCEPTED);
    contest.ends(&ada, video, "READY").await;
    let row = videos::find(contest.records().reader(), video).await.unwrap().unwrap();
    let taken = contest.artifacts.size_bytes(&row.upload_key).await.unwrap().unwrap();
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    println!("\ntaken {taken} memory {}", most.trim().trim_end_matches(" kB"));
}

#[tokio::test]
async fn a_large_file_takes_little_memory() {
    let mut process = Command::new(env::current_exe().unwrap());
    process.args(["--exact", "memory::a_process_with_a_large_file_does_what_it_is_told", "--nocapture"]);
    process.env(ORDER, "1");

    let said = spawn_blocking(move || String::from_utf8(process.output().unwrap().stdout).unwrap()).await.unwrap();

    let line = said.lines().find(|line| line.starts_with("taken ")).unwrap_or_else(|| panic!("{said}"));
    let words: Vec<&str> = line.split(' ').collect();
    assert_eq!(words[1], SIZE.to_string());
    assert!(words[3].parse::<u64>().unwrap() < MEMORY_MAX_KIB, "{line}");
}
