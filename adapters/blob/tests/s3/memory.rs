//! How much memory a large object takes.

use std::{env, fs, process::Command};

use bytes::Bytes;
use futures::TryStreamExt;
use stagemark::ports::Artifacts;
use stagemark_blob::S3Artifacts;

use crate::{options_of, shared};

const ORDER: &str = "STAGEMARK_S3_LARGE";
const MEBIBYTE: usize = 1024 * 1024;
const SIZE: usize = 256 * MEBIBYTE;
const MEMORY_MAX_KIB: u64 = 64 * 1024;

/// Writes and reads a large object with the usual parts, and says the most memory that this process ever had. Without an
/// order, there is none to follow.
#[tokio::test(flavor = "multi_thread")]
async fn a_process_with_a_large_object_does_what_it_is_told() {
    if env::var_os(ORDER).is_none() {
        return;
    }
    let options = options_of(&shared().await).part_bytes(8 * MEBIBYTE);
    let artifacts = S3Artifacts::open(options).await.unwrap();
    let mut sink = artifacts.write("a/large").await.unwrap();
    for _ in 0..SIZE / MEBIBYTE {
        sink.write(Bytes::from(vec![7; MEBIBYTE])).await.unwrap();
    }
    sink.finish().await.unwrap();
    let sizes = artifacts.read("a/large").await.unwrap().map_ok(|piece| piece.len());
    let read = sizes.try_fold(0, |sum, len| async move { Ok(sum + len) }).await.unwrap();
    artifacts.delete("a/large").await.unwrap();

    let status = fs::read_to_string("/proc/self/status").unwrap();
    let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    println!("\nread {read} memory {}", most.trim().trim_end_matches(" kB"));
}

#[tokio::test]
async fn a_large_object_takes_little_memory() {
    let address = shared().await;
    let mut process = Command::new(env::current_exe().unwrap());
    process.args(["--exact", "memory::a_process_with_a_large_object_does_what_it_is_told", "--nocapture"]);
    process.env(ORDER, "1").env("S3_ENDPOINT", &address.endpoint).env("S3_BUCKET", &address.bucket);
    process.env("AWS_ACCESS_KEY_ID", &address.access_key_id);
    process.env("AWS_SECRET_ACCESS_KEY", address.secret_access_key.reveal());

    let said = String::from_utf8(process.output().unwrap().stdout).unwrap();

    let line = said.lines().find(|line| line.starts_with("read ")).unwrap_or_else(|| panic!("{said}"));
    let words: Vec<&str> = line.split(' ').collect();
    assert_eq!(words[1], SIZE.to_string());
    assert!(words[3].parse::<u64>().unwrap() < MEMORY_MAX_KIB, "{line}");
}
