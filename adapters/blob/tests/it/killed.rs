//! Processes that are killed while they write.

use std::{fs, path::Path};

use stagemark::ports::Artifacts;
use stagemark_blob::LocalArtifacts;

use crate::{
    in_a_folder,
    writer::{Writer, content},
};

const ROUNDS: usize = 12;

/// What stands in the folder for unfinished objects, but for the locks.
fn unfinished(folder: &Path) -> usize {
    let folders = fs::read_dir(folder.join("uploads")).unwrap().map(|entry| entry.unwrap().path());
    folders.filter(|path| path.is_dir()).map(|path| fs::read_dir(path).unwrap().count()).sum()
}

async fn bytes_of(artifacts: &LocalArtifacts, key: &str) -> Vec<u8> {
    let size = artifacts.size_bytes(key).await.unwrap().unwrap();
    let bytes = fs::read(artifacts.path_of(key).unwrap()).unwrap();
    assert_eq!(size, bytes.len() as u64);
    bytes
}

#[tokio::test]
async fn a_process_killed_in_mid_write_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::start(folder.path());
    writer.told("begin");
    writer.hears("begun");
    assert_eq!(unfinished(folder.path()), 1);

    writer.kill();

    let artifacts = LocalArtifacts::open(folder.path()).unwrap();
    assert!(artifacts.list("").await.unwrap().is_empty());
    assert_eq!(artifacts.size_bytes("a/half").await.unwrap(), None);
    assert_eq!(unfinished(folder.path()), 0);
}

#[tokio::test]
async fn opening_does_not_disturb_what_a_living_process_writes() {
    let (artifacts, folder) = in_a_folder();
    let mut writer = Writer::start(folder.path());
    writer.told("begin");
    writer.hears("begun");

    let other = LocalArtifacts::open(folder.path()).unwrap();
    assert_eq!(unfinished(folder.path()), 1);
    writer.told("finish");
    writer.hears("done");

    assert!(bytes_of(&artifacts, "a/half").await == content());
    assert_eq!(other.list("").await.unwrap(), ["a/half"]);
}

/// Kills a writer that follows this order, each time after another number of objects, somewhere within the next one.
async fn killed_at_any_moment(order: impl Fn(&str) -> String) {
    let folder = tempfile::tempdir().unwrap();
    for round in 0..ROUNDS {
        let mut writer = Writer::start(folder.path());
        writer.told(&order(&format!("round-{round}")));
        writer.hears(&format!("finished round-{round}/{round}"));
        let finished = writer.kill();

        let artifacts = LocalArtifacts::open(folder.path()).unwrap();
        let seen = artifacts.list(&format!("round-{round}")).await.unwrap();
        assert!(seen.len() > round && finished.iter().all(|key| seen.contains(key)), "{seen:?} {finished:?}");
        for key in &seen {
            assert!(bytes_of(&artifacts, key).await == content(), "{key}");
        }
        assert_eq!(unfinished(folder.path()), 0);
    }
}

#[tokio::test]
async fn a_kill_at_any_moment_leaves_whole_objects_and_all_that_were_finished() {
    killed_at_any_moment(str::to_owned).await;
}

#[tokio::test]
async fn a_kill_while_files_are_taken_leaves_whole_objects_and_all_that_were_finished() {
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("made").display().to_string();

    killed_at_any_moment(|folder| format!("give {file} {folder}")).await;
}

#[tokio::test]
async fn what_is_given_up_holds_no_room() {
    let (artifacts, folder) = in_a_folder();
    let mut sink = artifacts.write("a/b").await.unwrap();
    sink.write(content().into()).await.unwrap();

    drop(sink);
    drop(artifacts);

    let artifacts = LocalArtifacts::open(folder.path()).unwrap();
    assert!(artifacts.list("").await.unwrap().is_empty());
    assert_eq!(unfinished(folder.path()), 0);
}
