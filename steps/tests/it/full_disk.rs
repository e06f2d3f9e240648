//! The disk of the scratch folders is full while steps are done in one pass.

use std::{fs::File, io::Write, path::Path, process::Command, time::Duration};

use futures::{StreamExt, pin_mut};
use stagemark::{Backoff, Engine, MemoryStore, Run, RunStatus, Step, Workflow};
use stagemark_media::{Bumpers, Finish, RemoveAudio, Trim, Upload, Video, Watermark, assets};

use crate::studio::{CLIP, QUICK, Studio};

const PUBLISH: Workflow<Upload, Video> = Workflow::new("publish-on-a-full-disk");
/// Less than what the pictures of a second take, more than the source.
const ROOM_BYTES: u64 = 1_100_000;

/// A file system of eight mebibytes, where this process may mount one.
struct SmallDisk {
    folder: tempfile::TempDir,
}

impl SmallDisk {
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", "size=8m", "tmpfs"]).arg(folder.path()).output();
        mount.is_ok_and(|mount| mount.status.success()).then_some(Self { folder })
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Leaves this much room.
    fn fill_but(&self, room_bytes: u64) {
        let mut filler = File::create(self.path().join("filler")).unwrap();
        while filler.write_all(&[0; 4096]).is_ok() {}
        let written = filler.metadata().unwrap().len();
        filler.set_len(written - room_bytes).unwrap();
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

/// Waits until an attempt has failed.
async fn failed_once(run: &Run<Video>) -> RunStatus {
    let progress = run.progress();
    pin_mut!(progress);
    while let Some(status) = progress.next().await {
        let status = status.unwrap();
        if status.tasks.iter().any(|task| !task.error.is_empty()) {
            return status;
        }
    }
    panic!("it ended without a failure");
}

/// Publishes while the disk has so little room, until a pass has failed; then it is given room.
async fn published(disk: &SmallDisk, room_bytes: u64) {
    let studio = Studio::new();
    let again = Backoff::Fixed(Duration::from_millis(20));
    let definition = PUBLISH.define(|upload| {
        upload
            .then(Trim::to(Duration::from_secs(1)).encoding(QUICK).attempts(u32::MAX).backoff(again))
            .then(RemoveAudio.attempts(u32::MAX).backoff(again))
            .then(Watermark::png(assets::LOGO).encoding(QUICK).attempts(u32::MAX).backoff(again))
            .then(Bumpers::new(assets::INTRO, assets::OUTRO).encoding(QUICK).attempts(u32::MAX).backoff(again))
            .then(Finish::default().attempts(u32::MAX).backoff(again))
    });
    let builder = Engine::builder(MemoryStore::new()).artifacts(studio.artifacts.clone());
    let engine = builder.scratch(disk.path().join("scratch")).serve(definition).start().await.unwrap();
    let upload = studio.upload(CLIP.as_ref()).await;

    disk.fill_but(room_bytes);
    let run = engine.submit(PUBLISH, upload).await.unwrap();
    let failed = failed_once(&run).await;
    disk.make_room();
    let video = run.result().await.unwrap();

    let said = failed.tasks.iter().flat_map(|task| &task.error).cloned().collect::<Vec<_>>().join(": ");
    assert!(said.to_lowercase().contains("no space left"), "{said}");
    assert_eq!(video.frames, 40 + 25 + 40);
    let tasks = run.status().await.unwrap().tasks;
    assert!(
        tasks.iter().all(|task| task.pass.is_some() && task.pass == tasks[0].pass && task.attempt > 1),
        "{tasks:?}"
    );
    assert_eq!(engine.doctor().await.unwrap(), []);
    engine.shutdown(Duration::from_secs(5)).await;
    let left = std::fs::read_dir(disk.path().join("scratch")).unwrap();
    let left: Vec<_> =
        left.flat_map(|worker| std::fs::read_dir(worker.unwrap().path()).into_iter().flatten()).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pass_that_fills_the_disk_is_done_when_there_is_room() {
    let Some(disk) = SmallDisk::mount() else {
        eprintln!("skipped: mounting a small file system needs root");
        return;
    };

    published(&disk, ROOM_BYTES).await;
    // Not even the source.
    published(&disk, 4096).await;
}
