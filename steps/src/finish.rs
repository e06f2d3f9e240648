//! Looks at the finished video before anybody else does.

use std::time::Duration;

use crate::{
    Expect, Media, MediaError, Video, Workbench, options,
    pass::{self, Kind, Part},
    runner::Index,
};
use stagemark::{Attempt, Fusible, Name, Options, Step, StepError};

const SOURCE: &str = "source";

/// Checks that a finished video is what the steps before say it is: container, codec, size, rate, count of pictures,
/// the index before the pictures. What is wrong is not delivered.
///
/// Where the pass that made it counted each picture as it was encoded, the file has to have the
/// [digest](Video::digest) that it had then, so that its pictures are those; else every picture is decoded and counted,
/// as it is in any case [on request](Self::decoding). In the same pass as what makes the video it looks at the file
/// before it is stored.
///
/// ```
/// use stagemark_media::Finish;
///
/// let finish = Finish::default().bytes_max(50_000_000);
/// ```
#[derive(Clone, Debug)]
pub struct Finish {
    bytes_max: u64,
    duration_max: Duration,
    decodes: bool,
}

impl Default for Finish {
    fn default() -> Self {
        Self { bytes_max: 4 << 30, duration_max: Duration::from_hours(1), decodes: false }
    }
}

impl Finish {
    /// The most bytes it may have (default 4 GiB).
    #[must_use]
    pub fn bytes_max(mut self, bytes: u64) -> Self {
        self.bytes_max = bytes;
        self
    }

    /// The longest it may last (default 1 hour).
    #[must_use]
    pub fn duration_max(mut self, duration: Duration) -> Self {
        self.duration_max = duration;
        self
    }

    /// Decodes every picture once more, also where the pass that made the video has counted them.
    #[must_use]
    pub fn decoding(mut self) -> Self {
        self.decodes = true;
        self
    }

    /// Checks what lies in the artifact store.
    pub(crate) async fn check_stored(&self, bench: &Workbench<'_>, video: &Video) -> Result<(), MediaError> {
        let found = bench.fetch_digested(&video.artifact, SOURCE).await?;
        // What is wrong is told by its name, if it has one; the digest has none.
        let bytes = self.look(bench, video, SOURCE).await?;
        if bytes != video.artifact.size_bytes {
            return Err(wrong("count of bytes", &bytes, &video.artifact.size_bytes));
        }
        match &video.digest {
            Some(digest) if !self.decodes => {
                if &found == digest {
                    Ok(())
                } else {
                    Err(wrong("digest", &found, digest))
                }
            }
            _ => decode(bench, video, SOURCE).await,
        }
    }

    /// Checks what this pass has made and will put into the store; whether its pictures were counted.
    pub(crate) async fn check_made(
        &self,
        bench: &Workbench<'_>,
        video: &Video,
        file: &str,
        counted: bool,
    ) -> Result<(), MediaError> {
        self.look(bench, video, file).await?;
        if counted && !self.decodes { Ok(()) } else { decode(bench, video, file).await }
    }

    /// Gives how many bytes the file has.
    async fn look(&self, bench: &Workbench<'_>, video: &Video, file: &str) -> Result<u64, MediaError> {
        bench.check(file, &Expect::like(video).codec_of(video).frames(video.frames)).await?;
        let bytes = bench.size_bytes(file).await?;
        if bytes > self.bytes_max {
            return Err(wrong("count of bytes", &bytes, &format!("at most {}", self.bytes_max)));
        }
        if video.duration > self.duration_max {
            let (found, most) = (format!("{:?}", video.duration), format!("at most {:?}", self.duration_max));
            return Err(wrong("duration", &found, &most));
        }
        let index = Index::read(&bench.path(file)).await.map_err(MediaError::scratch(file))?;
        if index.is_some_and(|index| index.is_first) {
            return Ok(bytes);
        }
        Err(wrong("index", &"after the pictures", &"before them, so that it plays while it loads"))
    }
}

/// Decodes and counts every picture.
async fn decode(bench: &Workbench<'_>, video: &Video, file: &str) -> Result<(), MediaError> {
    let picked = format!("0:{}", video.stream);
    let made = bench.ffmpeg().input(file).args(["-map", &picked]).decode_only().run(video.duration).await?;
    if made.frames == video.frames {
        return Ok(());
    }
    Err(wrong("count of decoded pictures", &made.frames, &video.frames))
}

impl From<&Finish> for Part {
    fn from(step: &Finish) -> Self {
        Self(Kind::Finish(step.clone()))
    }
}

impl Step for Finish {
    const NAME: Name = Name::new("finish");
    type Input = Video;
    type Output = Video;

    fn options(&self) -> Options {
        options()
    }

    fn fusible(&self) -> Option<Fusible<Video, Video>> {
        Some(Fusible::of::<Media>(self.into()))
    }

    async fn run(&self, attempt: &Attempt, video: Video) -> Result<Video, StepError> {
        pass::alone(attempt, video, self.into()).await
    }
}

fn wrong(what: &'static str, found: &dyn ToString, expected: &dyn ToString) -> MediaError {
    MediaError::Wrong { what, found: found.to_string(), expected: expected.to_string() }
}
