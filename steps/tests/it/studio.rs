//! Makes inputs with ffmpeg, runs steps on them and looks at what they made.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

use stagemark::{Artifact, Attempt, MemoryArtifacts, Step, StepError};
use stagemark_media::{Codec, Edit, Encoding, Trim, Upload, Video};
use tokio_util::sync::CancellationToken;

/// A clip with sound that is in the repository.
pub(crate) const CLIP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/bbb_720p_5s.mp4");

/// Encodes badly and at once.
pub(crate) const QUICK: Encoding = Encoding { codec: Codec::H264, preset: "ultrafast", crf: 20 };

/// A store, a folder for inputs and looks, and a scratch folder for the steps.
pub(crate) struct Studio {
    pub(crate) artifacts: MemoryArtifacts,
    pub(crate) cancel: CancellationToken,
    folder: tempfile::TempDir,
}

impl Studio {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { artifacts: MemoryArtifacts::new(), cancel: CancellationToken::new(), folder }
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Where the steps have their scratch folders.
    pub(crate) fn scratch(&self) -> PathBuf {
        self.file("scratch")
    }

    pub(crate) fn attempt(&self) -> Attempt {
        Attempt::standalone(Arc::new(self.artifacts.clone()), self.scratch(), self.cancel.clone())
    }

    /// Makes a file with ffmpeg; `args` are split at blanks.
    pub(crate) fn make(&self, args: &str, name: &str) -> PathBuf {
        let file = self.file(name);
        let words = args.split_whitespace();
        let words = ["-v", "error", "-nostdin", "-y"].into_iter().chain(words);
        let made = Command::new("ffmpeg").args(words).arg(&file).current_dir(self.folder.path()).output().unwrap();
        assert!(made.status.success(), "{args}: {}", String::from_utf8_lossy(&made.stderr));
        file
    }

    pub(crate) async fn upload(&self, file: &Path) -> Upload {
        self.upload_bytes(fs::read(file).unwrap()).await
    }

    pub(crate) async fn upload_bytes(&self, bytes: Vec<u8>) -> Upload {
        Upload::new(self.attempt().put("upload", bytes).await.unwrap())
    }

    /// An upload that ffmpeg made so.
    pub(crate) async fn made(&self, args: &str, name: &str) -> Upload {
        self.upload(&self.make(args, name)).await
    }

    pub(crate) async fn run<S: Step>(&self, step: &S, input: S::Input) -> Result<S::Output, StepError> {
        step.run(&self.attempt(), input).await
    }

    /// Trimmed to this time and brought into a small 16:9 shape.
    pub(crate) async fn edited(&self, upload: Upload, millis: u64) -> Video {
        let trim = Trim::to(std::time::Duration::from_millis(millis)).encoding(QUICK);
        let trimmed = self.run(&trim, upload).await.unwrap();
        self.run(&Edit::size(320, 180).encoding(QUICK), trimmed).await.unwrap()
    }

    /// The permanent refusal that a step answers, as one line.
    pub(crate) async fn refusal<S: Step>(&self, step: &S, input: S::Input) -> String {
        let Err(error) = self.run(step, input).await else { panic!("it was not refused") };
        assert!(error.is_permanent(), "{error}");
        error.chain()[0].clone()
    }

    /// A local copy of an artifact.
    pub(crate) async fn local(&self, artifact: &Artifact, name: &str) -> PathBuf {
        let file = self.file(name);
        self.attempt().fetch(artifact, &file).await.unwrap();
        file
    }

    /// What ffprobe says of the pictures of a file: these entries, a line for each.
    pub(crate) async fn ask(&self, artifact: &Artifact, entries: &str) -> String {
        let file = self.local(artifact, "asked").await;
        let words = ["-v", "error", "-select_streams", "v:0", "-count_frames", "-of", "csv=p=0", "-show_entries"];
        let said = Command::new("ffprobe").args(words).arg(entries).arg(file).output().unwrap();
        String::from_utf8_lossy(&said.stdout).trim().to_owned()
    }

    /// The brightness of each picture, 0 to 255, of the part that a filter chain leaves.
    pub(crate) async fn brightness(&self, artifact: &Artifact, part: &str) -> Vec<u8> {
        let file = self.local(artifact, "seen").await;
        let chain = format!("{part},extractplanes=y,scale=1:1:flags=area,format=gray");
        let mut look = Command::new("ffmpeg");
        look.args(["-v", "error", "-i"]).arg(file).args(["-vf", &chain]);
        let seen = look.args(["-f", "rawvideo", "-"]).output().unwrap();
        assert!(seen.status.success(), "{}", String::from_utf8_lossy(&seen.stderr));
        seen.stdout
    }
}
