//! The folder of the demo: its database, its artifacts and the video that goes in.

use std::{
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};
use stagemark_media::assets::CLIP;

/// What the demo makes in its folder; nothing else there is touched.
const MADE: [&str; 7] =
    ["stagemark.db", "stagemark.db-wal", "stagemark.db-shm", "stagemark.db.lock", "artifacts", "scratch", "clip.mp4"];

#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
}

/// What could not be done with the folder or the video.
#[derive(Debug, thiserror::Error)]
#[error("{doing} {} failed", path.display())]
pub(crate) struct FolderError {
    doing: &'static str,
    path: PathBuf,
    source: io::Error,
}

impl Folder {
    pub(crate) fn open(path: &Path, fresh: bool) -> Result<Self, FolderError> {
        let failed = |doing| move |source| FolderError { doing, path: path.to_owned(), source };
        fs::create_dir_all(path).map_err(failed("making the folder"))?;
        let path = path.canonicalize().map_err(failed("finding the folder"))?;
        let folder = Self { path };
        if fresh {
            folder.forget()?;
        }
        Ok(folder)
    }

    fn forget(&self) -> Result<(), FolderError> {
        for made in MADE {
            let path = self.path.join(made);
            let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            match removed {
                Err(source) if source.kind() != io::ErrorKind::NotFound => {
                    return Err(FolderError { doing: "removing", path, source });
                }
                _ => {}
            }
        }
        Ok(())
    }

    pub(crate) fn database_url(&self) -> String {
        format!("sqlite://{}", self.path.join("stagemark.db").display())
    }

    pub(crate) fn artifacts(&self) -> PathBuf {
        self.path.join("artifacts")
    }

    pub(crate) fn scratch(&self) -> PathBuf {
        self.path.join("scratch")
    }

    /// The video that goes in, and a hash of it by which it is known again.
    pub(crate) fn input(&self, chosen: Option<&Path>) -> Result<(PathBuf, String), FolderError> {
        let path = match chosen {
            Some(path) => path.to_owned(),
            None => self.clip()?,
        };
        let hash = hash_of(&path).map_err(|source| FolderError { doing: "reading", path: path.clone(), source })?;
        Ok((path, hash))
    }

    fn clip(&self) -> Result<PathBuf, FolderError> {
        let path = self.path.join("clip.mp4");
        fs::write(&path, CLIP).map_err(|source| FolderError { doing: "writing", path: path.clone(), source })?;
        Ok(path)
    }
}

fn hash_of(path: &Path) -> io::Result<String> {
    let mut hash = Sha256::new();
    let mut file = fs::File::open(path)?;
    let mut part = vec![0; 256 * 1024];
    loop {
        match file.read(&mut part)? {
            0 => break,
            bytes => hash.update(&part[..bytes]),
        }
    }
    let first = hash.finalize().iter().take(8).fold(0, |number: u64, byte| number << 8 | u64::from(*byte));
    Ok(format!("{first:016x}"))
}
