//! A file of somebody else's that becomes an object as it is.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

/// A file that was moved to where unfinished objects are; dropped before it has moved on, it is removed.
#[derive(Debug)]
pub(crate) struct Taken(PathBuf);

impl Taken {
    /// Moves a file there, if that is all that it takes to make it the store's own.
    pub(crate) fn from(file: &Path, at: PathBuf) -> io::Result<Option<Self>> {
        let found = fs::symlink_metadata(file)?;
        // Whoever has another name of it could change the object.
        if !found.is_file() || found.nlink() != 1 {
            return Ok(None);
        }
        match fs::rename(file, &at) {
            Ok(()) => Ok(Some(Self(at))),
            // It may still be copied.
            Err(error) if matches!(error.kind(), io::ErrorKind::CrossesDevices | io::ErrorKind::PermissionDenied) => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Makes its bytes durable, and says how many there are.
    pub(crate) fn settle(&self) -> io::Result<u64> {
        let file = File::open(&self.0)?;
        file.sync_all()?;
        Ok(file.metadata()?.len())
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.0)
            && error.kind() != io::ErrorKind::NotFound
        {
            let path = self.0.display();
            tracing::warn!(%path, %error, "a file that was given up was not removed; the next start does it");
        }
    }
}
