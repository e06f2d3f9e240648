//! Files that the store takes as they are, and files that it does not.

use std::{
    fs,
    os::unix::fs::{MetadataExt, symlink},
    path::{Path, PathBuf},
    sync::Arc,
};

use stagemark::{
    Attempt,
    ports::{ArtifactError, Artifacts},
};
use stagemark_blob::LocalArtifacts;
use tokio_util::sync::CancellationToken;

use crate::{full_disk::SmallDisk, in_a_folder};

/// A file of a few bytes, in a folder of its own.
fn made() -> (PathBuf, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("made");
    fs::write(&file, "made").unwrap();
    (file, folder)
}

/// Offers a file to the store; whether it was taken.
async fn offer(artifacts: &LocalArtifacts, file: &Path) -> bool {
    let mut sink = artifacts.write("a/b").await.unwrap();
    let is_taken = sink.take(file).await.unwrap();
    if is_taken {
        sink.finish().await.unwrap();
    }
    is_taken
}

#[tokio::test]
async fn the_file_itself_becomes_the_object() {
    let ((artifacts, _root), (file, _folder)) = (in_a_folder(), made());
    let number = fs::metadata(&file).unwrap().ino();

    assert!(offer(&artifacts, &file).await);

    let object = fs::metadata(artifacts.path_of("a/b").unwrap()).unwrap();
    assert_eq!((object.ino(), object.nlink()), (number, 1));
}

#[tokio::test]
async fn what_a_step_gives_away_is_digested_and_not_copied() {
    let ((artifacts, _root), (file, folder)) = (in_a_folder(), made());
    let number = fs::metadata(&file).unwrap().ino();
    let store = Arc::new(artifacts.clone());
    let attempt = Attempt::standalone(store, folder.path().to_owned(), CancellationToken::new());

    let copied = attempt.put_file("copied", &file).await.unwrap();
    let given = attempt.give_file("given", &file).await.unwrap();

    assert_eq!((&given.digest, given.size_bytes), (&copied.digest, 4));
    let objects = [copied, given].map(|artifact| fs::metadata(artifacts.path_of(&artifact.key).unwrap()).unwrap());
    assert_eq!(objects.map(|object| object.ino() == number), [false, true]);
    assert!(!file.exists());
}

#[tokio::test]
async fn what_has_another_name_is_not_taken() {
    let ((artifacts, _root), (file, folder)) = (in_a_folder(), made());
    let (twin, path) = (folder.path().join("twin"), folder.path().join("path"));
    fs::hard_link(&file, &twin).unwrap();
    symlink(&file, &path).unwrap();

    for name in [&file, &twin, &path] {
        assert!(!offer(&artifacts, name).await);
        assert_eq!(fs::read(name).unwrap(), b"made");
    }
    assert!(artifacts.list("").await.unwrap().is_empty());
}

#[tokio::test]
async fn what_is_not_there_is_an_error() {
    let ((artifacts, _root), (file, _folder)) = (in_a_folder(), made());
    fs::remove_file(&file).unwrap();
    let mut sink = artifacts.write("a/b").await.unwrap();

    let missed = sink.take(&file).await;

    assert!(matches!(missed, Err(ArtifactError::Store { .. })), "{missed:?}");
}

#[tokio::test]
async fn nothing_can_be_added_to_a_file_that_was_taken() {
    let ((artifacts, _root), (file, _folder)) = (in_a_folder(), made());
    let mut sink = artifacts.write("a/b").await.unwrap();
    assert!(sink.take(&file).await.unwrap());

    let added = sink.write("more".into()).await;

    assert!(matches!(added, Err(ArtifactError::Store { .. })), "{added:?}");
    assert!(sink.finish().await.is_err());
    assert!(artifacts.list("").await.unwrap().is_empty());
}

#[tokio::test]
async fn a_file_on_another_disk_is_not_taken_and_one_on_a_full_disk_is() {
    let Some(disk) = SmallDisk::mount() else {
        eprintln!("skipped: mounting a small file system needs root");
        return;
    };
    let (elsewhere, _folder) = made();
    let artifacts = LocalArtifacts::open(disk.path().join("artifacts")).unwrap();
    let here = disk.path().join("made");
    fs::write(&here, vec![1; 3 << 20]).unwrap();
    disk.fill_but(64 << 10);

    assert!(!offer(&artifacts, &elsewhere).await);
    assert_eq!(fs::read(&elsewhere).unwrap(), b"made");
    // There is no room for a copy of it.
    assert!(offer(&artifacts, &here).await);
    assert_eq!(artifacts.size_bytes("a/b").await.unwrap(), Some(3 << 20));
}
