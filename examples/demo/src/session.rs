//! The engine of the demo, and its run of a video.

use std::{
    fmt,
    fs::File,
    io::Write,
    path::{Path, PathBuf},
    time::Duration,
};

use stagemark::{Artifact, Engine, Run, RunId, Status, ports::Artifacts};
use stagemark_blob::LocalArtifacts;
use stagemark_media::Upload;
use stagemark_sql::SqlStore;
use stagemark_video::{PUBLISH, Published, publish};

use crate::{Failure, LOG, input::Input, markers};

/// Short, so that another process soon takes over from one that was killed.
const LEASE: Duration = Duration::from_secs(3);

/// An engine over the folder of the demo.
pub(crate) struct Session {
    pub(crate) engine: Engine,
    artifacts: LocalArtifacts,
    dir: PathBuf,
}

/// How a run came to be.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Begun {
    /// Now.
    New(RunId),
    /// Now, because the earlier one did not end well.
    Again(RunId, String),
    /// In an earlier process, which left these markers.
    Earlier(RunId, String),
    /// In an earlier process, and it is ready.
    Before,
}

impl fmt::Display for Begun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::New(run) => write!(f, "Beginning run {run}."),
            Self::Again(run, why) => write!(f, "The earlier run {why}. Beginning run {run}."),
            Self::Earlier(run, markers) => write!(f, "Going on with run {run}: {markers}."),
            Self::Before => f.write_str("This video is ready from an earlier run; --fresh begins a new one."),
        }
    }
}

impl Session {
    pub(crate) async fn open(dir: &Path) -> Result<Self, Failure> {
        let artifacts = LocalArtifacts::open(dir.join("artifacts"))?;
        let url = format!("sqlite://{}", dir.join("stagemark.db").display());
        let engine = Engine::builder(SqlStore::open(&url).await?)
            .artifacts(artifacts.clone())
            .scratch(dir.join("scratch"))
            .lease(LEASE)
            .serve(publish())
            .start()
            .await?;
        Ok(Self { engine, artifacts, dir: dir.to_owned() })
    }

    /// The run of this video: the one that is there, unless a new one is wanted or it did not end well.
    pub(crate) async fn submit(&self, input: &Input, fresh: bool) -> Result<(Run<Published>, Begun), Failure> {
        let upload = Upload::new(self.import(input).await?);
        let mut turn = Turn::read(&self.dir)?;
        if fresh {
            turn = turn.next()?;
        }
        let run = self.submit_once(&upload, input, &turn).await?;
        let status = run.0.status().await?;
        let begun = match status.status {
            _ if run.1 => Begun::New(run.0.id()),
            Status::Ready => Begun::Before,
            Status::Failed | Status::Cancelled => {
                let again = self.submit_once(&upload, input, &turn.next()?).await?.0;
                let why = status.error.map_or_else(|| status.status.to_string(), |error| format!("failed ({error})"));
                let begun = Begun::Again(again.id(), why);
                return Ok((again, begun));
            }
            _ => Begun::Earlier(run.0.id(), markers::count(&status)),
        };
        Ok((run.0, begun))
    }

    /// The run of this key, and whether it is new.
    async fn submit_once(
        &self,
        upload: &Upload,
        input: &Input,
        turn: &Turn,
    ) -> Result<(Run<Published>, bool), Failure> {
        // By the clock that submissions are dated by: that of this host may be a moment ahead.
        let before = self.engine.now();
        let key = format!("{}/{}", input.hash, turn.number);
        let run = self.engine.submit(PUBLISH, upload.clone()).key(key).await?;
        let is_new = run.status().await?.submitted >= before;
        Ok((run, is_new))
    }

    async fn import(&self, input: &Input) -> Result<Artifact, Failure> {
        let key = format!("uploads/{}", input.hash);
        let size_bytes = match self.artifacts.size_bytes(&key).await? {
            Some(size_bytes) => size_bytes,
            None => self.engine.import(&key, &input.path).await?.size_bytes,
        };
        // The same input for the same idempotency key, also where the object is there already and its digest was not told.
        Ok(Artifact::new(key, size_bytes))
    }

    /// Where the log is.
    pub(crate) fn log(&self) -> PathBuf {
        self.dir.join(LOG)
    }

    /// Where the finished files are.
    pub(crate) fn paths(&self, made: &Published) -> Result<String, Failure> {
        let files = [
            ("video", &made.video.artifact),
            ("poster", &made.poster.artifact),
            ("sprites", &made.sprites.sheet),
            ("sprites, WebVTT", &made.sprites.vtt),
            ("preview", &made.preview.artifact),
        ];
        let line = |(name, artifact): (&str, &Artifact)| {
            Ok(format!("{name:<16} {}", self.artifacts.path_of(&artifact.key)?.display()))
        };
        Ok(files.into_iter().map(line).collect::<Result<Vec<_>, Failure>>()?.join("\n"))
    }
}

/// How often a new run was begun on purpose: a part of the idempotency key.
struct Turn {
    file: PathBuf,
    number: u64,
}

impl Turn {
    fn read(dir: &Path) -> Result<Self, Failure> {
        let file = dir.join("turn");
        let number = match std::fs::read_to_string(&file) {
            Ok(number) => {
                number.trim().parse().map_err(|_| format!("{} holds no number; remove it", file.display()))?
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => 0,
            Err(error) => return Err(error.into()),
        };
        Ok(Self { file, number })
    }

    fn next(self) -> Result<Self, Failure> {
        let next = Self { number: self.number + 1, ..self };
        // Whole or not at all: a half of a number would be another one.
        let written = next.file.with_extension("new");
        let mut file = File::create(&written)?;
        file.write_all(next.number.to_string().as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&written, &next.file)?;
        Ok(next)
    }
}
