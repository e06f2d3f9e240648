//! File systems for tests, where this process may mount some.

use std::{path::Path, process::Command};

use tempfile::TempDir;

/// A folder on which something is mounted, until this is dropped.
pub(crate) struct Mount {
    folder: TempDir,
}

impl Mount {
    /// A file system of a few megabytes, in memory.
    pub(crate) fn small_disk() -> Option<Self> {
        Self::of(&["-t", "tmpfs", "-o", "size=3m", "tmpfs"])
    }

    /// Another folder, that cannot be written by way of this one: also by root, whom file modes do not bind.
    pub(crate) fn read_only(folder: &Path) -> Option<Self> {
        let mount = Self::of(&["--bind", folder.to_str()?])?;
        let done = Command::new("mount").args(["-o", "remount,bind,ro"]).arg(mount.path()).status();
        assert!(done.unwrap().success(), "what was mounted can be remounted");
        Some(mount)
    }

    fn of(arguments: &[&str]) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount").args(arguments).arg(folder.path()).output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(Self { folder });
        }
        eprintln!("skipped: mounting a file system needs root");
        None
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        // Lazily: the connections of a store are closed behind its back.
        let _left_mounted_is_harmless = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}
