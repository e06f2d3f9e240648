//! Joins a video with its bumpers, without encoding it again; the bumpers are encoded once and kept for all runs.

use std::{fmt::Write, time::Duration};

use sha2::{Digest, Sha256};

use super::Tell;
use crate::{
    Bumpers, Encoding, Expect, Ffmpeg, FrameRate, MediaError, Video, VideoCodec, Workbench,
    audio::{self, AAC},
    bumpers::BUMPER_MAX,
    cut::tagged,
    edit::{Fit, shape},
    runner::{Header, Index, Stream, Track, hex},
    splice::{room_bytes, splice},
    watermark::PNG,
};

/// What a bumper must have in common with the video that it is joined to.
#[derive(PartialEq)]
pub(super) struct Shape {
    pub(super) width_px: u32,
    pub(super) height_px: u32,
    pub(super) rate: FrameRate,
    pub(super) sound: bool,
    pub(super) encoding: Encoding,
}

/// The opening and the closing, which lie in the scratch folder.
pub(super) struct Ends {
    shape: Shape,
    videos: [Video; 2],
}

/// One bumper: what it is made from, and where it is kept.
struct Bumper<'a> {
    which: &'static str,
    bytes: &'a [u8],
    key: String,
}

impl Bumpers {
    /// How they are encoded for a video of this codec.
    pub(super) fn encoding_for(&self, codec: VideoCodec) -> Encoding {
        self.encoding.clone().unwrap_or_else(|| Encoding::of(codec))
    }
}

/// Joins one file of the scratch folder with its bumpers into the other, or where it is: gives the name of what was made,
/// which is checked.
///
/// Where `ends` are given, the file has [room](Ends::room_bytes) for the opening, unless it has another shape after all.
pub(super) async fn join(
    bench: &Workbench<'_>,
    (bumpers, ends): (&Bumpers, Option<Ends>),
    video: &Video,
    (from, to): (&str, &str),
    tell: &Tell<'_>,
) -> Result<(Video, String), MediaError> {
    let shape = Shape::of(video, bumpers)?;
    let main = bench.check(from, &Expect::like(video).codec_of(video)).await?;
    let (ends, has_room) = match ends {
        Some(ends) if ends.shape == shape => (ends, true),
        _ => (shape.lay(bench, bumpers).await?, false),
    };
    let [intro, outro] = &ends.videos;
    let parts = [intro, &main, outro];
    let duration: Duration = parts.iter().map(|part| part.duration).sum();
    let expect = Expect::like(video).codec_of(video).lasting(duration);
    let expect = expect.frames(parts.iter().map(|part| part.frames).sum());
    let file = if has_room && splice(bench, ["intro.mp4", from, "outro.mp4"]).await? {
        tell.progress(1.0, &format!("{:.1} s of video", duration.as_secs_f64()));
        from
    } else {
        copy(bench, video, (from, to), parts, tell).await?;
        to
    };
    Ok((bench.check(file, &expect).await?, file.to_owned()))
}

/// Lets ffmpeg copy all three into one file.
async fn copy(
    bench: &Workbench<'_>,
    video: &Video,
    (from, to): (&str, &str),
    [intro, main, outro]: [&Video; 3],
    tell: &Tell<'_>,
) -> Result<(), MediaError> {
    let from = with_like_sound(bench, video, from, tell).await?;
    let parts = [("intro.mp4", intro), (from, main), ("outro.mp4", outro)];
    let mut list = String::from("ffconcat version 1.0\n");
    for (name, part) in parts {
        bench.own(name).await?;
        // Writing to a string does not fail.
        let _ = write!(list, "file {name}\nduration {:.6}\n", part.duration.as_secs_f64());
    }
    bench.write("parts.txt", list.as_bytes()).await?;
    let ticks = video.frame_rate.timescale().to_string();
    // Times as they are: sound begins a little before the pictures, which are to stay at zero.
    let ffmpeg = bench.ffmpeg().args(["-copyts"]).list("parts.txt");
    let ffmpeg = ffmpeg.args(["-map", "0", "-c", "copy", "-video_track_timescale", &ticks]);
    let ffmpeg = if video.has_audio() {
        ffmpeg.output(to)
    } else {
        let frames = parts.iter().map(|(_, part)| part.frames).sum();
        ffmpeg.output_with_room(to, room_bytes(frames, 0))
    };
    let duration = parts.iter().map(|(_, part)| part.duration).sum();
    ffmpeg.run_telling(duration, |fraction, message| tell.progress(fraction, message)).await.map(drop)
}

/// The file of the video, whose sound is first encoded as that of the bumpers is, if it is of another kind: one set-up of
/// a decoder stands for all parts.
async fn with_like_sound<'f>(
    bench: &Workbench<'_>,
    video: &Video,
    from: &'f str,
    tell: &Tell<'_>,
) -> Result<&'f str, MediaError> {
    const LIKE: &str = "like.mp4";
    if !video.has_audio() || sound_of(bench, from).await?.sounds_like(&sound_of(bench, "intro.mp4").await?) {
        return Ok(from);
    }
    let pictures = format!("0:{}", video.stream);
    let ffmpeg = bench.ffmpeg().input(from).args(["-map", &pictures, "-c:v", "copy"]);
    let ticks = video.frame_rate.timescale().to_string();
    let ffmpeg = audio::encode(ffmpeg, video).args(["-video_track_timescale", &ticks]).output_between(LIKE);
    ffmpeg.run_telling(video.duration, |fraction, message| tell.progress(fraction / 2.0, message)).await?;
    bench.check(LIKE, &Expect::like(video).codec_of(video).frames(video.frames)).await?;
    Ok(LIKE)
}

/// The track of sound of a file of the folder.
async fn sound_of(bench: &Workbench<'_>, name: &str) -> Result<Track, MediaError> {
    let index = Index::read(&bench.found(name)).await.map_err(MediaError::scratch(name))?;
    let tracks = index.map(|index| index.tracks).unwrap_or_default();
    Ok(tracks.into_iter().find(Track::is_audio).unwrap_or_default())
}

impl Ends {
    /// How many bytes a video of so many pictures must leave free before them, for the opening and an index of all.
    pub(super) async fn room_bytes(&self, bench: &Workbench<'_>, frames: u64) -> Result<u64, MediaError> {
        let frames = self.videos.iter().map(|video| video.frames).sum::<u64>() + frames;
        Ok(room_bytes(frames, bench.size_bytes("intro.mp4").await?))
    }
}

impl Shape {
    fn of(video: &Video, bumpers: &Bumpers) -> Result<Self, MediaError> {
        if !video.plain {
            return Err(MediaError::NotEdited { codec: video.codec });
        }
        let encoding = bumpers.encoding_for(video.codec);
        if encoding.codec.video_codec() != video.codec {
            return Err(MediaError::OtherCodec { bumpers: encoding.codec.video_codec(), video: video.codec });
        }
        let rate = video.frame_rate.steady();
        let (width_px, height_px) = (video.width_px, video.height_px);
        Ok(Self { width_px, height_px, rate, sound: video.has_audio(), encoding })
    }

    /// Lays both into the folder: as they were kept, or made and then kept.
    pub(super) async fn lay(self, bench: &Workbench<'_>, bumpers: &Bumpers) -> Result<Ends, MediaError> {
        let bumper =
            |which, bytes| Bumper { which, bytes, key: self.key(bytes, bumpers.still, &bench.tools().version) };
        let both = [bumper("intro", &*bumpers.intro), bumper("outro", &*bumpers.outro)];
        let mut missing = Vec::new();
        for bumper in &both {
            // Those of another shape may be there.
            bench.own(&bumper.file()).await?;
            if !self.is_kept(bench, bumper).await? {
                missing.push(bumper);
            }
        }
        self.make(bench, &missing, bumpers.still).await?;
        for bumper in missing {
            self.check(bench, bumper).await?;
            bench.attempt().keep(&bumper.key, &bench.path(&bumper.file())).await?;
        }
        let videos = [self.check(bench, &both[0]).await?, self.check(bench, &both[1]).await?];
        Ok(Ends { shape: self, videos })
    }

    async fn is_kept(&self, bench: &Workbench<'_>, bumper: &Bumper<'_>) -> Result<bool, MediaError> {
        let Some(kept) = bench.attempt().kept(&bumper.key).await? else { return Ok(false) };
        if !bench.link(&kept, &bumper.file()).await? {
            bench.fetch(&kept, &bumper.file()).await?;
        }
        // One that does not fit, for whatever reason, is made anew, and where it was is written to.
        let fits = self.check(bench, bumper).await.is_ok();
        if !fits {
            bench.own(&bumper.file()).await?;
        }
        Ok(fits)
    }

    async fn check(&self, bench: &Workbench<'_>, bumper: &Bumper<'_>) -> Result<Video, MediaError> {
        let expect = Expect::of(self.width_px, self.height_px, self.rate).codec(self.encoding.codec);
        bench.check(&bumper.file(), &if self.sound { expect } else { expect.silent() }).await
    }

    /// Makes what is missing: both by one command, as they are short and a process costs as much as some pictures.
    async fn make(&self, bench: &Workbench<'_>, missing: &[&Bumper<'_>], still: Duration) -> Result<(), MediaError> {
        if missing.is_empty() {
            return Ok(());
        }
        let made = self.encode(bench, missing, still).await;
        match (made, missing) {
            (Err(error), [bumper]) if error.is_permanent() => Err(MediaError::BadAsset { what: bumper.which }),
            (Err(error), [first, ..]) if error.is_permanent() => {
                // Which of them is at fault: the first, or the one after it.
                let alone = self.encode(bench, &[first], still).await;
                let what = if alone.is_err() { first.which } else { missing[missing.len() - 1].which };
                Err(MediaError::BadAsset { what })
            }
            (made, _) => made,
        }
    }

    async fn encode(&self, bench: &Workbench<'_>, missing: &[&Bumper<'_>], still: Duration) -> Result<(), MediaError> {
        let (rate, seconds) = (self.rate.to_string(), still.as_secs_f64().to_string());
        let (mut ffmpeg, mut input, mut making) = (bench.ffmpeg(), 0, Vec::new());
        for bumper in missing {
            bench.write(bumper.which, bumper.bytes).await?;
            let is_still = bumper.bytes.starts_with(PNG);
            ffmpeg = if is_still {
                ffmpeg.args(["-loop", "1", "-framerate", &rate, "-t", &seconds]).picture(bumper.which)
            } else {
                ffmpeg.input(bumper.which)
            };
            let pictures = input;
            input += 1;
            let mut make = Making { file: bumper.file(), pictures, sound: None, ends: still, tag: String::new() };
            if !is_still {
                make.look(&Declared::of(bench, bumper.which).await?);
            }
            if self.sound && make.sound.is_none() {
                ffmpeg = ffmpeg.args(["-f", "lavfi", "-i", "anullsrc=r=48000:cl=stereo"]);
                make.sound = Some(format!("{input}:a"));
                input += 1;
            }
            making.push(make);
        }
        let together = making.iter().map(|make| make.ends).max().unwrap_or_default();
        for make in &making {
            ffmpeg = self.output(ffmpeg, make).output(&make.file);
        }
        ffmpeg.run_telling(together, |_, _| {}).await.map(drop)
    }

    fn output<'a>(&self, ffmpeg: Ffmpeg<'a>, make: &Making) -> Ffmpeg<'a> {
        let Making { pictures, sound, ends, tag, .. } = make;
        let chain = format!("{tag}fps={},{}", self.rate, shape(self.width_px, self.height_px, Fit::Pad));
        let ffmpeg = ffmpeg.args(["-map", &format!("{pictures}:v:0")]);
        let ffmpeg = match sound {
            Some(sound) if self.sound => ffmpeg.args(["-map", sound]).args(AAC),
            _ => ffmpeg.args(["-an"]),
        };
        ffmpeg.filter(&chain).encode(&self.encoding, self.rate).args(["-t", &ends.as_secs_f64().to_string()])
    }

    /// Names all that decides which bytes a bumper has: a changed picture, encoder or shape never meets an old one.
    fn key(&self, bytes: &[u8], still: Duration, version: &str) -> String {
        let Self { width_px, height_px, rate, sound, encoding } = self;
        let (ticks, chain) = (rate.timescale(), shape(*width_px, *height_px, Fit::Pad));
        let mut hash = Sha256::new();
        hash.update(format!(
            "{version}\n{rate} {ticks} {sound} {still:?} {AAC:?}\n{chain} {}\n",
            tagged(true, u32::MAX)
        ));
        hash.update(format!("{:?} {:?}\n", encoding, encoding.args()));
        hash.update(bytes);
        format!("bumpers/{}.mp4", hex(&hash.finalize()))
    }
}

/// One bumper, as it is made.
struct Making {
    file: String,
    /// Which input has its pictures.
    pictures: u32,
    /// Which stream of which input is its sound.
    sound: Option<String>,
    ends: Duration,
    tag: String,
}

impl Making {
    /// Takes in what a video declares.
    fn look(&mut self, declared: &Declared) {
        self.ends = declared.duration.unwrap_or(BUMPER_MAX).min(BUMPER_MAX);
        self.tag = tagged(declared.is_untagged, declared.height_px);
        self.sound = declared.sound.then(|| format!("{}:a:0", self.pictures));
    }
}

/// What a video that a bumper is made from says of itself.
struct Declared {
    duration: Option<Duration>,
    height_px: u32,
    is_untagged: bool,
    sound: bool,
}

impl Declared {
    /// By the index of an MP4, where it says all of it: to ask a process costs as much as some pictures.
    async fn of(bench: &Workbench<'_>, name: &str) -> Result<Self, MediaError> {
        let index = Index::read(&bench.found(name)).await.map_err(MediaError::scratch(name))?;
        let sound = index.as_ref().is_some_and(|index| index.tracks.iter().any(Track::is_audio));
        match index.as_ref().and_then(|index| index.tracks.iter().find(|track| track.is_video())) {
            Some(track) if track.is_tagged && track.samples > 0 => {
                Ok(Self { duration: Some(track.duration), height_px: track.height, is_untagged: false, sound })
            }
            _ => Ok(Self::by(&bench.header(name).await?)),
        }
    }

    fn by(header: &Header) -> Self {
        let moving = header.streams.iter().find(|stream| stream.is_video());
        Self {
            duration: moving.and_then(|stream| stream.duration).or(header.format.duration),
            height_px: moving.map_or(0, |stream| stream.height),
            is_untagged: moving.is_some_and(Stream::is_untagged),
            sound: header.streams.iter().any(Stream::is_audio),
        }
    }
}

impl Bumper<'_> {
    fn file(&self) -> String {
        format!("{}.mp4", self.which)
    }
}
