//! An attempt's place to work: a scratch folder, and ffmpeg on it.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use futures::StreamExt;
use stagemark::{Artifact, ArtifactWriter, Attempt, Scratch};
use tokio::{
    fs,
    io::{AsyncReadExt, AsyncWriteExt},
};

use super::{Expect, Ffmpeg, Tools};
use crate::{Audio, Container, FrameRate, MediaError, Video, VideoCodec};

/// How much of a file is held in memory while it is fetched or put.
const PART_BYTES: usize = 256 * 1024;

/// An attempt's place to work: a private folder, removed with all in it when the value is dropped, and [ffmpeg]
/// confined to it.
///
/// Files in it have plain names, such as `source` or `out.mp4`.
///
/// ```
/// use stagemark::{Attempt, StepError};
/// use stagemark_media::{Encoding, Expect, MediaError, Video, Workbench};
///
/// async fn mirror(attempt: &Attempt, video: Video) -> Result<Video, StepError> {
///     mirrored(attempt, &video).await.map_err(MediaError::into_step_error)
/// }
///
/// async fn mirrored(attempt: &Attempt, video: &Video) -> Result<Video, MediaError> {
///     let bench = Workbench::open(attempt).await?;
///     bench.fetch(&video.artifact, "source").await?;
///     let ffmpeg = bench.ffmpeg().input("source").filter("hflip").encode(&Encoding::default(), video.frame_rate);
///     ffmpeg.output("out.mp4").run(video.duration).await?;
///     bench.deliver("out.mp4", &Expect::like(video).silent()).await
/// }
/// ```
///
/// [ffmpeg]: Workbench::ffmpeg
#[derive(Debug)]
pub struct Workbench<'a> {
    attempt: &'a Attempt,
    scratch: Scratch,
    tools: &'static Tools,
}

impl<'a> Workbench<'a> {
    /// A new one for this attempt.
    ///
    /// # Errors
    /// [`ToolMissing`](MediaError::ToolMissing) if ffmpeg, or what confines it (util-linux), is not installed.
    pub async fn open(attempt: &'a Attempt) -> Result<Self, MediaError> {
        let tools = Tools::find(attempt).await?;
        let scratch = attempt.scratch().await.map_err(|error| MediaError::Scratch {
            name: "the folder".into(),
            source: std::io::Error::other(error.to_string()),
        })?;
        Ok(Self { attempt, scratch, tools })
    }

    /// A run of ffmpeg in the folder.
    ///
    /// It has no network (where the kernel lets it be taken away), no privileges, no environment, bounded resources
    /// ([`Limits`](crate::Limits)); it opens local files of known containers alone; it dies with this process, with
    /// the attempt's cancellation and with the future that waits for it.
    pub fn ffmpeg(&'a self) -> Ffmpeg<'a> {
        Ffmpeg::new(self)
    }

    /// Copies an artifact into the folder.
    pub async fn fetch(&self, artifact: &Artifact, name: &str) -> Result<(), MediaError> {
        check_name(name)?;
        let mut parts = self.attempt.get(artifact).await?;
        let mut file = fs::File::create(self.scratch.file(name)).await.map_err(MediaError::scratch(name))?;
        while let Some(part) = self.unless_cancelled(parts.next()).await? {
            file.write_all(&part?).await.map_err(MediaError::scratch(name))?;
            self.attempt.heartbeat();
        }
        file.flush().await.map_err(MediaError::scratch(name))
    }

    /// Writes a file into the folder.
    pub async fn write(&self, name: &str, bytes: &[u8]) -> Result<(), MediaError> {
        check_name(name)?;
        fs::write(self.scratch.file(name), bytes).await.map_err(MediaError::scratch(name))
    }

    /// Puts a file of the folder into the artifact store, as it is.
    pub async fn put(&self, name: &str) -> Result<Artifact, MediaError> {
        check_name(name)?;
        let mut writer: ArtifactWriter = self.attempt.writer(name).await?;
        let mut file = fs::File::open(self.scratch.file(name)).await.map_err(MediaError::scratch(name))?;
        loop {
            let mut part = vec![0; PART_BYTES];
            let read = file.read(&mut part).await.map_err(MediaError::scratch(name))?;
            if read == 0 {
                return Ok(writer.finish().await?);
            }
            part.truncate(read);
            self.unless_cancelled(writer.write(part.into())).await??;
            self.attempt.heartbeat();
        }
    }

    /// Checks that a file of the folder is the video that it should be, and puts it into the artifact store.
    ///
    /// # Errors
    /// [`Wrong`](MediaError::Wrong) if it is not.
    pub async fn deliver(&self, name: &str, expect: &Expect) -> Result<Video, MediaError> {
        let video = self.check(name, expect).await?;
        Ok(Video { artifact: self.put(name).await?, ..video })
    }

    /// Checks a file that this step made; the artifact of the answer is still to be put.
    pub(crate) async fn check(&self, name: &str, expect: &Expect) -> Result<Video, MediaError> {
        let header = self.header(name).await?;
        let wrong = |what, found: String| MediaError::Wrong { what, found, expected: "an H.264 video in MP4".into() };
        if Container::of(&header.format.demuxer) != Some(Container::Mp4) {
            return Err(wrong("container", header.format.demuxer));
        }
        let Some(stream) = header.streams.iter().find(|stream| stream.codec_name == "h264") else {
            return Err(wrong("codec", "none".into()));
        };
        let sound = header.streams.iter().find(|stream| stream.is_audio());
        let (frames, duration) = (stream.frames().unwrap_or(0), stream.duration.unwrap_or_default());
        let video = Video {
            artifact: Artifact { key: String::new(), size_bytes: 0 },
            container: Container::Mp4,
            codec: VideoCodec::H264,
            plain: true,
            stream: stream.index,
            width_px: stream.width,
            height_px: stream.height,
            frames,
            frame_rate: FrameRate::measured(frames, duration, expect.rate.or(stream.frame_rate())),
            lead: Duration::ZERO,
            duration,
            audio: sound.map(|sound| Audio { stream: sound.index, codec: sound.codec_name.clone() }),
        };
        expect.hold(&video, &stream.pix_fmt).map(|()| video)
    }

    pub(crate) fn attempt(&self) -> &Attempt {
        self.attempt
    }

    pub(crate) fn tools(&self) -> &'static Tools {
        self.tools
    }

    /// The path of a file of the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.scratch.file(name)
    }

    pub(crate) fn folder(&self) -> &Path {
        self.scratch.path()
    }

    pub(crate) fn report(&self, fraction: f64, message: &str) {
        self.attempt.progress(fraction, message);
    }

    async fn unless_cancelled<T>(&self, work: impl Future<Output = T>) -> Result<T, MediaError> {
        tokio::select! {
            biased;
            () = self.attempt.cancelled() => Err(MediaError::Cancelled),
            done = work => Ok(done),
        }
    }
}

/// ffmpeg gives a meaning to much that a file name may hold: `%03d`, `-`, `:`, `'`.
pub(super) fn check_name(name: &str) -> Result<(), MediaError> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte);
    let good = name.bytes().all(plain) && name.bytes().next().is_some_and(|first| first.is_ascii_alphanumeric());
    if good { Ok(()) } else { Err(MediaError::BadName { name: name.to_owned() }) }
}
