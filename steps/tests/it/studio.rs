//! Makes inputs with ffmpeg, runs steps on them and looks at what they made.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use stagemark::{Artifact, Attempt, Step, StepError};
use stagemark_media::{Upload, Video};
use tokio_util::sync::CancellationToken;

use crate::store::Store;

/// A clip with sound that is in the repository.
pub(crate) const CLIP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/bbb_720p_5s.mp4");

/// A store, a folder for inputs and looks, and a scratch folder for the steps.
pub(crate) struct Studio {
    pub(crate) store: Store,
    pub(crate) cancel: CancellationToken,
    folder: tempfile::TempDir,
    uploads: AtomicU32,
}

impl Studio {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { store: Store::default(), cancel: CancellationToken::new(), folder, uploads: AtomicU32::new(0) }
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Where the steps have their scratch folders.
    pub(crate) fn scratch(&self) -> PathBuf {
        self.file("scratch")
    }

    pub(crate) fn attempt(&self) -> Attempt {
        Attempt::standalone(Arc::new(self.store.clone()), self.scratch(), self.cancel.clone())
    }

    /// Makes a file with ffmpeg; `args` are split at blanks.
    pub(crate) fn make(&self, args: &str, name: &str) -> PathBuf {
        let file = self.file(name);
        let words = args.split_whitespace();
        let made =
            Command::new("ffmpeg").args(["-v", "error", "-nostdin", "-y"]).args(words).arg(&file).output().unwrap();
        assert!(made.status.success(), "{args}: {}", String::from_utf8_lossy(&made.stderr));
        file
    }

    pub(crate) fn upload(&self, file: &Path) -> Upload {
        self.upload_bytes(fs::read(file).unwrap())
    }

    pub(crate) fn upload_bytes(&self, bytes: Vec<u8>) -> Upload {
        let key = format!("uploads/{}", self.uploads.fetch_add(1, Ordering::Relaxed));
        let size_bytes = bytes.len() as u64;
        self.store.put(&key, bytes);
        Upload::new(Artifact { key, size_bytes })
    }

    pub(crate) async fn run<S: Step>(&self, step: &S, input: S::Input) -> Result<S::Output, StepError> {
        step.run(&self.attempt(), input).await
    }

    /// The permanent refusal that a step answers, as one line.
    pub(crate) async fn refusal<S: Step>(&self, step: &S, input: S::Input) -> String {
        let Err(error) = self.run(step, input).await else { panic!("it was not refused") };
        assert!(error.is_permanent(), "{error}");
        error.chain()[0].clone()
    }

    /// A local copy of an artifact.
    pub(crate) fn local(&self, artifact: &Artifact, name: &str) -> PathBuf {
        let file = self.file(name);
        fs::write(&file, self.store.get(&artifact.key).unwrap()).unwrap();
        file
    }

    /// What ffprobe says of a video: these entries of its pictures, joined by commas.
    pub(crate) fn ask(&self, video: &Video, entries: &str) -> String {
        let file = self.local(&video.artifact, "asked.mp4");
        let words = ["-v", "error", "-select_streams", "v:0", "-count_frames", "-of", "csv=p=0", "-show_entries"];
        let said = Command::new("ffprobe").args(words).arg(entries).arg(file).output().unwrap();
        String::from_utf8_lossy(&said.stdout).trim().to_owned()
    }
}
