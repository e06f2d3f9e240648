//! An attempt's place to work: a scratch folder, and ffmpeg on it.

use std::{fmt::Write, path::PathBuf, process::Command, time::Duration};

use futures::StreamExt;
use sha2::{Digest, Sha256};
use stagemark::{Artifact, Attempt, Scratch};
use tokio::{fs, io::AsyncWriteExt};

use super::{Confined, Expect, Ffmpeg, Index, Limits, Tools, index::Track, walls::Walls};
use crate::{Audio, Container, FrameRate, MediaError, Video, VideoCodec};

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
    /// A folder in which programs may read, and nothing else: what is in it are objects of the artifact store.
    inlet: Scratch,
    tools: &'static Tools,
}

impl<'a> Workbench<'a> {
    /// A new one for this attempt.
    ///
    /// # Errors
    /// [`ToolMissing`](MediaError::ToolMissing) if ffmpeg, or what confines it (util-linux), is not installed.
    pub async fn open(attempt: &'a Attempt) -> Result<Self, MediaError> {
        let tools = Tools::find(attempt).await?;
        let (scratch, inlet) = (folder(attempt).await?, folder(attempt).await?);
        Ok(Self { attempt, scratch, inlet, tools })
    }

    /// A run of ffmpeg in the folder.
    ///
    /// It has no network (where the kernel lets it be taken away), no privileges, no environment, bounded resources
    /// ([`Limits`]); it opens local files of known containers alone, and where the kernel has Landlock
    /// (Linux 6.2) those of the folder and the system's under `/usr` and `/lib` alone: put there what else it needs; it
    /// dies with this process, with the attempt's cancellation and with the future that waits for it.
    pub fn ffmpeg(&'a self) -> Ffmpeg<'a> {
        Ffmpeg::new(self)
    }

    /// Makes an artifact a file that programs can read: the one in the store itself, if it is a local one and they can be
    /// kept from writing to it; whether it is.
    pub(crate) async fn link(&self, artifact: &Artifact, name: &str) -> Result<bool, MediaError> {
        check_name(name)?;
        let file = self.inlet.file(name);
        // Programs are told where it is in letters.
        if !self.tools.have_walls() || file.to_str().is_none() {
            return Ok(false);
        }
        // What cannot be opened may be in the worker's cache; else whoever copies it says why.
        let Ok(reader) = self.unless_cancelled(self.attempt.open(artifact)).await? else { return Ok(false) };
        Ok(reader.size_bytes() == artifact.size_bytes && reader.link(&file).await?)
    }

    /// Sees to it that a file is one of the folder: of an object that was [linked](Self::link) it becomes a copy.
    pub(crate) async fn own(&self, name: &str) -> Result<(), MediaError> {
        let linked = self.inlet.file(name);
        if linked.exists() {
            fs::copy(&linked, self.path(name)).await.map_err(MediaError::scratch(name))?;
            fs::remove_file(&linked).await.map_err(MediaError::scratch(name))?;
        }
        Ok(())
    }

    /// Copies an artifact into the folder.
    pub async fn fetch(&self, artifact: &Artifact, name: &str) -> Result<(), MediaError> {
        self.copy(artifact, name, |_| {}).await
    }

    /// Copies a video into the folder; one whose [digest](Video::digest) is known has to have it.
    pub(crate) async fn fetch_video(&self, video: &Video, name: &str) -> Result<(), MediaError> {
        let Some(expected) = &video.digest else { return self.fetch(&video.artifact, name).await };
        let found = self.fetch_digested(&video.artifact, name).await?;
        if &found == expected {
            return Ok(());
        }
        Err(MediaError::Wrong { what: "digest", found, expected: expected.clone() })
    }

    /// Copies an artifact into the folder, and tells its SHA-256.
    pub(crate) async fn fetch_digested(&self, artifact: &Artifact, name: &str) -> Result<String, MediaError> {
        let mut hash = Sha256::new();
        self.copy(artifact, name, |part| hash.update(part)).await?;
        Ok(hex(&hash.finalize()))
    }

    async fn copy(&self, from: &Artifact, name: &str, mut see: impl FnMut(&[u8]) + Send) -> Result<(), MediaError> {
        check_name(name)?;
        let mut parts = self.attempt.get(from).await?;
        let mut file = fs::File::create(self.scratch.file(name)).await.map_err(MediaError::scratch(name))?;
        while let Some(part) = self.unless_cancelled(parts.next()).await? {
            let part = part?;
            see(&part);
            file.write_all(&part).await.map_err(MediaError::scratch(name))?;
            self.attempt.heartbeat();
        }
        file.flush().await.map_err(MediaError::scratch(name))
    }

    /// Writes a file into the folder.
    pub async fn write(&self, name: &str, bytes: &[u8]) -> Result<(), MediaError> {
        check_name(name)?;
        fs::write(self.scratch.file(name), bytes).await.map_err(MediaError::scratch(name))
    }

    /// Gives a file of the folder away to the artifact store, as it is: it is not in the folder any more.
    pub async fn put(&self, name: &str) -> Result<Artifact, MediaError> {
        check_name(name)?;
        Ok(self.unless_cancelled(self.attempt.give_file(name, &self.scratch.file(name))).await??)
    }

    /// Checks that a file of the folder is the video that it should be, and [puts](Self::put) it into the artifact store.
    ///
    /// # Errors
    /// [`Wrong`](MediaError::Wrong) if it is not.
    pub async fn deliver(&self, name: &str, expect: &Expect) -> Result<Video, MediaError> {
        let video = self.check(name, expect).await?;
        Ok(Video { artifact: self.put(name).await?, ..video })
    }

    /// Checks a file that this step made; the artifact of the answer is still to be put.
    pub(crate) async fn check(&self, name: &str, expect: &Expect) -> Result<Video, MediaError> {
        let index = Index::read(&self.found(name)).await.map_err(MediaError::scratch(name))?;
        let wrong = |what, found: &str| MediaError::Wrong {
            what,
            found: found.into(),
            expected: "an H.264, AV1 or VP9 video in MP4".into(),
        };
        let index = index.ok_or_else(|| wrong("container", "no whole MP4"))?;
        let pictures = index.tracks.iter().zip(0..).find(|(track, _)| track.is_video());
        let (track, stream) = pictures.ok_or_else(|| wrong("codec", "none"))?;
        let codec = VideoCodec::of_atom(track.codec);
        let codec = codec.ok_or_else(|| wrong("codec", &String::from_utf8_lossy(&track.codec)))?;
        let sound = index.tracks.iter().zip(0..).find(|(track, _)| track.is_audio());
        let video = Video {
            artifact: Artifact::new("", 0),
            container: Container::Mp4,
            codec,
            plain: true,
            untagged: false,
            stream,
            width_px: track.width,
            height_px: track.height,
            frames: track.samples,
            frame_rate: FrameRate::measured(track.samples, track.duration, expect.rate),
            lead: Duration::ZERO,
            duration: track.duration,
            audio: sound.map(|(track, stream)| Audio { stream, codec: track.sound().to_owned() }),
            digest: None,
        };
        expect.hold(&video, track.pixels().unwrap_or("another one")).map(|()| video)
    }

    /// The pictures of a file that this step made, as its index tells of them.
    pub(crate) async fn pictures(&self, name: &str) -> Result<Track, MediaError> {
        let index = Index::read(&self.found(name)).await.map_err(MediaError::scratch(name))?;
        let track = index.and_then(|index| index.tracks.into_iter().find(Track::is_video));
        track.ok_or_else(|| MediaError::Wrong {
            what: "container",
            found: "no MP4 with pictures".into(),
            expected: "a whole one".into(),
        })
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

    /// Where a file is to be read: in the folder, or as the object that was [linked](Self::link).
    pub(crate) fn found(&self, name: &str) -> PathBuf {
        let linked = self.inlet.file(name);
        if linked.exists() { linked } else { self.path(name) }
    }

    /// What a program calls a file that it reads, whose name was checked.
    pub(super) fn url(&self, name: &str) -> String {
        let linked = self.inlet.file(name);
        // Programs are begun in the folder.
        if linked.exists() { format!("file:{}", linked.display()) } else { format!("file:{name}") }
    }

    /// Confines a command to the folder.
    pub(super) fn confine(&self, command: &Command, limits: &Limits) -> Confined {
        let (reads, writes) = (vec![self.inlet.path().to_owned()], vec![self.scratch.path().to_owned()]);
        self.tools.confine(command, limits, self.scratch.path(), Walls { reads, writes })
    }

    /// How many bytes a file of the folder has.
    pub(crate) async fn size_bytes(&self, name: &str) -> Result<u64, MediaError> {
        Ok(fs::metadata(self.found(name)).await.map_err(MediaError::scratch(name))?.len())
    }

    pub(crate) fn report(&self, fraction: f64, message: &str) {
        self.attempt.progress(fraction, message);
    }

    pub(crate) async fn unless_cancelled<T>(&self, work: impl Future<Output = T>) -> Result<T, MediaError> {
        tokio::select! {
            biased;
            () = self.attempt.cancelled() => Err(MediaError::Cancelled),
            done = work => Ok(done),
        }
    }
}

async fn folder(attempt: &Attempt) -> Result<Scratch, MediaError> {
    attempt.scratch().await.map_err(|error| MediaError::Scratch {
        name: "the folder".into(),
        source: std::io::Error::other(error.to_string()),
    })
}

/// ffmpeg gives a meaning to much that a file name may hold: `%03d`, `-`, `:`, `'`.
pub(super) fn check_name(name: &str) -> Result<(), MediaError> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte);
    let good = name.bytes().all(plain) && name.bytes().next().is_some_and(|first| first.is_ascii_alphanumeric());
    if good { Ok(()) } else { Err(MediaError::BadName { name: name.to_owned() }) }
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut hex, byte| {
        // Writing to a string does not fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use stagemark_blob::LocalArtifacts;
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::assets::CLIP;

    async fn attempt(folder: &tempfile::TempDir) -> (Attempt, Artifact) {
        let artifacts = LocalArtifacts::open(folder.path().join("artifacts")).unwrap();
        let scratch = folder.path().join("scratch");
        let attempt = Attempt::standalone(Arc::new(artifacts), scratch, CancellationToken::new());
        let clip = attempt.put("clip", CLIP).await.unwrap();
        (attempt, clip)
    }

    /// Whether there are walls, as there have to be wherever the kernel knows them.
    fn walls(bench: &Workbench<'_>) -> bool {
        let there = bench.tools().have_walls();
        assert_eq!(there, Walls::are_known(), "{:?}", bench.tools());
        there
    }

    #[tokio::test]
    async fn an_object_of_a_local_store_is_read_where_it_lies_and_not_written() {
        let folder = tempfile::tempdir().unwrap();
        let (attempt, clip) = attempt(&folder).await;
        let bench = Workbench::open(&attempt).await.unwrap();
        if !walls(&bench) {
            assert!(!bench.link(&clip, "source").await.unwrap(), "nothing would keep a program from writing to it");
            return;
        }
        assert!(bench.link(&clip, "source").await.unwrap());

        let ffmpeg = bench.ffmpeg().input("source").args(["-c", "copy"]).output("copy.mp4");
        ffmpeg.run(Duration::from_secs(5)).await.unwrap();
        let object = bench.inlet.file("source").display().to_string();
        let made = bench.ffmpeg().input("copy.mp4").args(["-c", "copy", "-f", "mp4", &object]);
        let refused = made.run(Duration::from_secs(5)).await.unwrap_err();

        assert!(format!("{refused:?}").contains("Permission denied"), "{refused:?}");
        assert!(std::fs::read(&object).unwrap() == CLIP, "the object was changed");
    }

    #[tokio::test]
    async fn an_object_that_is_copied_after_all_is_read_from_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let (attempt, clip) = attempt(&folder).await;
        let bench = Workbench::open(&attempt).await.unwrap();
        let is_linked = bench.link(&clip, "source").await.unwrap();
        assert_eq!((is_linked, bench.path("source").exists()), (walls(&bench), false));
        if !is_linked {
            bench.fetch(&clip, "source").await.unwrap();
        }

        bench.own("source").await.unwrap();

        assert_eq!(bench.found("source"), bench.path("source"));
        std::fs::write(bench.path("source"), b"changed").unwrap();
        attempt.fetch(&clip, &folder.path().join("clip.mp4")).await.unwrap();
        assert!(std::fs::read(folder.path().join("clip.mp4")).unwrap() == CLIP, "the object was changed");
    }
}
