//! The scratch folder of a worker: where its attempts keep files while they run.
//!
//! Each worker has a folder of its own and a lock beside it; a folder whose lock is free is of a worker that died.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

#[derive(Debug)]
pub(crate) struct ScratchRoot {
    folder: PathBuf,
    lock: PathBuf,
    _held: File,
}

impl ScratchRoot {
    /// Removes what dead workers left below the root, and makes a folder for this one.
    pub(crate) fn open(root: &Path) -> io::Result<Self> {
        fs::create_dir_all(root)?;
        // One at a time: a folder that is just being made has no lock that is held yet.
        let gate = open_lock(&root.join("gate.lock"))?;
        gate.lock()?;
        remove_abandoned(root)?;
        let name = format!("worker-{}", uuid::Uuid::now_v7());
        let (folder, lock) = (root.join(&name), root.join(name + ".lock"));
        let held = open_lock(&lock)?;
        held.lock()?;
        fs::create_dir(&folder)?;
        Ok(Self { folder, lock, _held: held })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.folder
    }
}

impl Drop for ScratchRoot {
    fn drop(&mut self) {
        for removed in [fs::remove_dir_all(&self.folder), fs::remove_file(&self.lock)] {
            if let Err(error) = removed {
                tracing::debug!(folder = %self.folder.display(), %error, "the scratch folder was not removed; the next start does it");
            }
        }
    }
}

fn open_lock(path: &Path) -> io::Result<File> {
    File::options().create(true).truncate(false).write(true).open(path)
}

fn remove_abandoned(root: &Path) -> io::Result<()> {
    for entry in fs::read_dir(root)? {
        let lock = entry?.path();
        let name = lock.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let Some(folder) = name.strip_suffix(".lock").filter(|name| name.starts_with("worker-")) else {
            continue;
        };
        if open_lock(&lock)?.try_lock().is_err() {
            continue;
        }
        let folder = root.join(folder);
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::remove_file(&lock)?;
    }
    Ok(())
}
