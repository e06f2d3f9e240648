//! A disk that fills up.

use std::{
    fs::File,
    io::Write,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use stagemark::ports::{ArtifactError, Artifacts};
use stagemark_blob::LocalArtifacts;

use crate::{
    in_a_folder,
    writer::{PART_BYTES, PARTS, Writer},
};

const MEBIBYTE: usize = 1024 * 1024;

/// A file system of eight mebibytes, where this process may mount one.
pub(crate) struct SmallDisk {
    folder: tempfile::TempDir,
}

impl SmallDisk {
    pub(crate) fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", "size=8m", "tmpfs"]).arg(folder.path()).output();
        mount.is_ok_and(|mount| mount.status.success()).then_some(Self { folder })
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Leaves this much room.
    pub(crate) fn fill_but(&self, room_bytes: usize) {
        let mut filler = File::create(self.path().join("filler")).unwrap();
        while filler.write_all(&[0; 4096]).is_ok() {}
        let written = filler.metadata().unwrap().len();
        filler.set_len(written - room_bytes as u64).unwrap();
    }

    fn make_room(&self) {
        std::fs::remove_file(self.path().join("filler")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Left mounted it would hold memory alone; the test has said its word by now.
        let _left = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}

async fn put(artifacts: &LocalArtifacts, key: &str) -> Result<u64, ArtifactError> {
    let mut sink = artifacts.write(key).await?;
    for _ in 0..2 {
        sink.write(vec![1; MEBIBYTE].into()).await?;
    }
    sink.finish().await
}

/// Waits for it: a process that is being started by another test holds open files for a moment.
async fn has_room_for_one(artifacts: &LocalArtifacts) -> bool {
    let deadline = Instant::now() + Duration::from_secs(10);
    while Instant::now() < deadline {
        let mut sink = artifacts.write("a/small").await.unwrap();
        if sink.write(vec![1; MEBIBYTE].into()).await.is_ok() {
            return sink.finish().await.is_ok();
        }
    }
    false
}

#[tokio::test]
async fn a_full_disk_is_said_and_nothing_is_seen_until_there_is_room() {
    let Some(disk) = SmallDisk::mount() else {
        eprintln!("skipped: mounting a small file system needs root; the test of the limit stands for it");
        return;
    };
    let artifacts = LocalArtifacts::open(disk.path().join("artifacts")).unwrap();
    put(&artifacts, "a/before").await.unwrap();
    disk.fill_but(MEBIBYTE + MEBIBYTE / 2);

    let full = put(&artifacts, "a/b").await;

    assert!(matches!(full, Err(ArtifactError::Full { .. })), "{full:?}");
    assert_eq!(artifacts.list("").await.unwrap(), ["a/before"]);
    assert!(has_room_for_one(&artifacts).await, "the room that the failed one took is free again");
    disk.make_room();
    assert_eq!(put(&artifacts, "a/b").await.unwrap(), 2 * MEBIBYTE as u64);
}

#[tokio::test]
async fn a_file_that_may_not_grow_is_said_and_not_seen_until_it_may() {
    let (artifacts, folder) = in_a_folder();
    let mut writer = Writer::limited(folder.path(), PART_BYTES * PARTS / 2);

    writer.told("try");
    writer.hears("full");
    assert!(artifacts.list("").await.unwrap().is_empty());
    writer.limit(2 * PART_BYTES * PARTS);
    writer.told("try");
    writer.hears("done");

    assert_eq!(artifacts.size_bytes("a/tried").await.unwrap(), Some((PART_BYTES * PARTS) as u64));
}
