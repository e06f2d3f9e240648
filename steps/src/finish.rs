//! Looks at the finished video before anybody else does.

use std::time::Duration;

use stagemark::{Attempt, Name, Options, Step, StepError};
use tokio::{
    fs::File,
    io::{AsyncReadExt, AsyncSeekExt},
};

use crate::{Expect, MediaError, Video, Workbench, options};

/// Checks that a finished video is what the steps before say it is: container, codec, size, rate, every picture
/// decoded and counted, the index before the pictures. What is wrong is not delivered.
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
}

impl Default for Finish {
    fn default() -> Self {
        Self { bytes_max: 4 << 30, duration_max: Duration::from_hours(1) }
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

    async fn check(&self, attempt: &Attempt, video: &Video) -> Result<(), MediaError> {
        let bench = Workbench::open(attempt).await?;
        bench.fetch(&video.artifact, "source").await?;
        bench.check("source", &Expect::like(video).frames(video.frames)).await?;
        self.measure(&bench, video).await?;
        if !index_is_first(&bench).await? {
            return Err(wrong("index", &"after the pictures", &"before them, so that it plays while it loads"));
        }
        let picked = format!("0:{}", video.stream);
        let made = bench.ffmpeg().input("source").args(["-map", &picked]).decode_only().run(video.duration).await?;
        if made.frames != video.frames {
            return Err(wrong("count of decoded pictures", &made.frames, &video.frames));
        }
        Ok(())
    }

    async fn measure(&self, bench: &Workbench<'_>, video: &Video) -> Result<(), MediaError> {
        let bytes = tokio::fs::metadata(bench.path("source")).await.map_err(MediaError::scratch("source"))?.len();
        if bytes != video.artifact.size_bytes {
            return Err(wrong("count of bytes", &bytes, &video.artifact.size_bytes));
        }
        if bytes > self.bytes_max {
            return Err(wrong("count of bytes", &bytes, &format!("at most {}", self.bytes_max)));
        }
        if video.duration > self.duration_max {
            let (found, most) = (format!("{:?}", video.duration), format!("at most {:?}", self.duration_max));
            return Err(wrong("duration", &found, &most));
        }
        Ok(())
    }
}

impl Step for Finish {
    const NAME: Name = Name::new("finish");
    type Input = Video;
    type Output = Video;

    fn options(&self) -> Options {
        options()
    }

    async fn run(&self, attempt: &Attempt, video: Video) -> Result<Video, StepError> {
        self.check(attempt, &video).await.map_err(MediaError::into_step_error)?;
        Ok(video)
    }
}

fn wrong(what: &'static str, found: &dyn ToString, expected: &dyn ToString) -> MediaError {
    MediaError::Wrong { what, found: found.to_string(), expected: expected.to_string() }
}

/// Whether the index of an MP4 (`moov`) stands before its pictures (`mdat`).
async fn index_is_first(bench: &Workbench<'_>) -> Result<bool, MediaError> {
    let failed = || MediaError::scratch("source");
    let mut file = File::open(bench.path("source")).await.map_err(failed())?;
    let (mut at, end) = (0_u64, file.metadata().await.map_err(failed())?.len());
    while at + 16 <= end {
        file.seek(std::io::SeekFrom::Start(at)).await.map_err(failed())?;
        let size = u64::from(file.read_u32().await.map_err(failed())?);
        let kind = file.read_u32().await.map_err(failed())?.to_be_bytes();
        match &kind {
            b"moov" => return Ok(true),
            b"mdat" => return Ok(false),
            _ => {}
        }
        // A size of 1 says that the real one follows, in 64 bits.
        let size = if size == 1 { file.read_u64().await.map_err(failed())? } else { size };
        at = at.saturating_add(size.max(8));
    }
    Ok(false)
}
