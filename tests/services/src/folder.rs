//! Folders for servers that end with this process.
//!
//! Each stands beside a lock that this process holds; a folder whose lock is free is of a process that died, and goes
//! when the next one is made.

use std::{
    env,
    fs::{self, File, TryLockError},
    os::unix::fs::{DirBuilderExt, MetadataExt},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

use crate::error::{At, ServiceError};

const LOCK: &str = ".lock";

/// A folder that goes when it is dropped.
#[derive(Debug)]
pub(crate) struct Temporary {
    pub(crate) path: PathBuf,
    lock: PathBuf,
    _held: File,
}

impl Temporary {
    /// Makes one, and removes those of dead processes, which `tidy` may look at first.
    pub(crate) fn new(tidy: impl Fn(&Path)) -> Result<Self, ServiceError> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let root = root()?;
        // One at a time: between making and locking, a lock of a living process looks like one of a dead one.
        let gate = root.join("gate");
        let gate = open(&gate).and_then(|file| file.lock().map(|()| file)).at("locking", &gate)?;
        remove_abandoned(&root, tidy)?;
        let name = format!("{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let (path, lock) = (root.join(&name), root.join(format!("{name}{LOCK}")));
        let held = open(&lock).and_then(|file| file.lock().map(|()| file)).at("locking", &lock)?;
        fs::create_dir(&path).at("making the folder", &path)?;
        drop(gate);
        Ok(Self { path, lock, _held: held })
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // What cannot be removed now, the next one does.
        let _left = fs::remove_dir_all(&self.path).and_then(|()| fs::remove_file(&self.lock));
    }
}

/// The folder of all of them, which must be this user's own: its name is known to all.
fn root() -> Result<PathBuf, ServiceError> {
    let user = rustix::process::geteuid().as_raw();
    let root = env::temp_dir().join(format!("stagemark-services-{user}"));
    fs::DirBuilder::new().recursive(true).mode(0o711).create(&root).at("making the folder", &root)?;
    let owner = fs::symlink_metadata(&root).at("looking at", &root)?;
    if owner.uid() == user && owner.is_dir() {
        return Ok(root);
    }
    let why = format!("{} belongs to another user; remove it, or set TMPDIR", root.display());
    Err(ServiceError::command("making a folder", &why))
}

fn open(path: &Path) -> std::io::Result<File> {
    File::options().create(true).truncate(false).write(true).open(path)
}

fn remove_abandoned(root: &Path, tidy: impl Fn(&Path)) -> Result<(), ServiceError> {
    for entry in fs::read_dir(root).at("listing", root)? {
        let lock = entry.at("listing", root)?.path();
        let Some(name) = lock.file_name().and_then(|name| name.to_str()?.strip_suffix(LOCK)) else { continue };
        match open(&lock).at("opening", &lock)?.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => continue,
            Err(TryLockError::Error(error)) => return Err(error).at("locking", &lock),
        }
        let folder = root.join(name);
        if folder.exists() {
            tidy(&folder);
            // A server of it may be about to end, and still write; then it is left for the next one.
            let Ok(()) = fs::remove_dir_all(&folder) else { continue };
        }
        fs::remove_file(&lock).at("removing", &lock)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_goes_when_it_is_dropped_and_no_sooner() {
        let one = Temporary::new(|_| {}).unwrap();
        let other = Temporary::new(|_| {}).unwrap();
        assert!(one.path.is_dir() && one.path != other.path);

        let gone = one.path.clone();
        drop(one);

        assert!(!gone.exists() && other.path.is_dir());
    }

    #[test]
    fn a_folder_whose_lock_is_free_is_removed() {
        let root = root().unwrap();
        let left = root.join("0-0");
        fs::create_dir_all(left.join("within")).unwrap();
        fs::write(root.join("0-0.lock"), "").unwrap();

        let _next = Temporary::new(|_| {}).unwrap();

        assert!(!left.exists());
    }
}
