//! The demo goes on from its last marker, however it was stopped.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Output, Stdio},
};

/// More than a step of the library is tried: see `stagemark_media::options`.
const KILLS: u32 = 3;

fn demo(folder: &Path) -> Command {
    let mut demo = Command::new(env!("CARGO_BIN_EXE_stagemark-demo"));
    demo.arg("--dir").arg(folder).stdout(Stdio::piped());
    demo
}

/// Waits until a worker says that this attempt of a step has begun; gives what it said until then.
fn until_begun(worker: &mut Child, step: &str, attempt: &str) -> Vec<String> {
    let mut said = Vec::new();
    for line in BufReader::new(worker.stdout.take().unwrap()).lines() {
        said.push(line.unwrap());
        let words: Vec<_> = said.last().unwrap().split_whitespace().collect();
        if words.starts_with(&[step, "leased", "attempt", attempt]) {
            return said;
        }
    }
    panic!("{step} did not begin: {said:#?}")
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The attempt that a line of the table tells of a step that is ready.
fn attempt_of(step: &str, said: &str) -> u32 {
    let table = said.split("Stage markers of run").nth(1).unwrap_or_else(|| panic!("there is no table in {said}"));
    let line = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let line = line.into_iter().find(|words| words.starts_with(&[step, "ready"]));
    line.unwrap_or_else(|| panic!("{step} is not ready in {said}"))[2].parse().unwrap()
}

/// The file that the last lines name as this.
fn file_of(what: &str, said: &str) -> Vec<u8> {
    let path = said.lines().rev().find_map(|line| line.strip_prefix(what)).unwrap();
    std::fs::read(path.trim()).unwrap()
}

#[test]
fn a_worker_that_is_killed_again_and_again_in_one_pass_goes_on_with_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let mut runs = Vec::new();
    for kill in 1..=KILLS {
        let mut worker = demo(folder.path()).spawn().unwrap();
        let said = until_begun(&mut worker, "trim", &kill.to_string());
        worker.kill().unwrap();
        worker.wait().unwrap();
        runs.push(said[1].clone());
    }

    let ended = demo(folder.path()).output().unwrap();

    let said = text(&ended);
    assert!(ended.status.success(), "{said}");
    assert!(runs[0].starts_with("Beginning run "), "{runs:#?}");
    let run = runs[0].trim_start_matches("Beginning run ").trim_end_matches('.');
    let goes_on = format!("Going on with run {run}: 0 of 11 steps have their markers.");
    assert!(runs[1..].iter().all(|said| *said == goes_on) && said.contains(&goes_on), "{runs:#?} {said}");
    // All steps up to the finished video are one pass; the poster is made after it.
    assert!(attempt_of("trim", &said) > KILLS && attempt_of("poster", &said) == 1, "{said}");
    assert!(!file_of("video ", &said).is_empty() && !file_of("poster ", &said).is_empty());
}

#[test]
fn a_crash_twice_in_mid_step_ends_with_the_same_video() {
    let (whole, crashed) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let undisturbed = text(&demo(whole.path()).output().unwrap());

    let ended = demo(crashed.path()).arg("--crash").output().unwrap();

    let said = text(&ended);
    assert!(ended.status.success(), "{said}");
    assert_eq!(said.matches(">>> kill -9 ").count(), 2, "{said}");
    // The step is in the pass that both kills met.
    assert_eq!(attempt_of("edit", &said), 3, "{said}");
    let last = said.rsplit(">>> worker process").next().unwrap();
    assert!(last.contains("Going on with run "), "{last}");
    assert!(file_of("video ", &said) == file_of("video ", &undisturbed), "the videos differ");
}
