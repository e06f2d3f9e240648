//! Where artifacts are until they are finished.
//!
//! Each process has a folder of its own and a lock beside it; a folder whose lock is free is of a process that died,
//! and goes when the store is opened next.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use object_store::path::Path as Place;
use uuid::Uuid;

/// The folder of the store that unfinished objects are in.
const UPLOADS: &str = "uploads";
const LOCK: &str = ".lock";

#[derive(Debug)]
pub(crate) struct Staging {
    name: String,
    folder: PathBuf,
    lock: PathBuf,
    uploads: AtomicU64,
    _held: File,
}

impl Staging {
    /// Removes what dead processes left, and makes a folder for this one.
    pub(crate) fn open(root: &Path) -> io::Result<Self> {
        let uploads = root.join(UPLOADS);
        fs::create_dir_all(&uploads)?;
        // One at a time: between making and locking, a lock of a living process looks like one of a dead one.
        let gate = open_lock(&uploads.join("gate"))?;
        gate.lock()?;
        remove_abandoned(&uploads)?;
        let name = Uuid::now_v7().to_string();
        let (folder, lock) = (uploads.join(&name), uploads.join(format!("{name}{LOCK}")));
        let held = open_lock(&lock)?;
        held.lock()?;
        fs::create_dir(&folder)?;
        Ok(Self { name, folder, lock, uploads: AtomicU64::new(0), _held: held })
    }

    /// A place for one more upload.
    pub(crate) fn place(&self) -> Place {
        let number = self.uploads.fetch_add(1, Ordering::Relaxed).to_string();
        Place::from_iter([UPLOADS, &self.name, &number])
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        for removed in [fs::remove_dir_all(&self.folder), fs::remove_file(&self.lock)] {
            if let Err(error) = removed {
                let folder = self.folder.display();
                tracing::debug!(%folder, %error, "unfinished uploads were not removed; the next start does it");
            }
        }
    }
}

fn open_lock(path: &Path) -> io::Result<File> {
    File::options().create(true).truncate(false).write(true).open(path)
}

fn remove_abandoned(uploads: &Path) -> io::Result<()> {
    for entry in fs::read_dir(uploads)? {
        let lock = entry?.path();
        let Some(name) = lock.file_name().and_then(|name| name.to_str()?.strip_suffix(LOCK)) else { continue };
        if open_lock(&lock)?.try_lock().is_err() {
            continue;
        }
        let folder = uploads.join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::remove_file(&lock)?;
    }
    Ok(())
}
