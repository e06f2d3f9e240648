//! Joins the segments of a source, and gives them its sound.

use std::fmt::Write;

use stagemark::{Attempt, Name, Options, Step, StepError};

use super::{EncodedSegment, Span, whole};
use crate::{Expect, FrameRate, MediaError, Video, Workbench, audio, cut::Cut, options};

const SOURCE: &str = "source";
const PARTS: &str = "parts.txt";
const OUT: &str = "out.mp4";

/// Joins the segments of a source without encoding their pictures again, and gives them the source's sound: copied where
/// it is AAC, else encoded once.
///
/// It is proved that nothing is lost, doubled or out of order: the segments are those of the plan, each once and in its
/// place, each the file that was encoded; together they have as many pictures as the source; and in the file that comes
/// of it there are so many, each exactly the time of one after the other.
///
/// # Errors
/// [`NotTheSegments`](MediaError::NotTheSegments) if a segment is missing, comes twice or out of its place;
/// [`OtherParameters`](MediaError::OtherParameters) if segments were encoded in different ways; and
/// [`Wrong`](MediaError::Wrong) if what was made is not as it should be.
///
/// ```
/// use stagemark::Step;
/// use stagemark_media::JoinSegments;
///
/// assert_eq!(JoinSegments.name().as_str(), "join-segments");
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct JoinSegments;

impl JoinSegments {
    async fn join(attempt: &Attempt, source: Video, segments: &[EncodedSegment]) -> Result<Video, MediaError> {
        let (first, frames) = whole_of(&source, segments)?;
        let bench = Workbench::open(attempt).await?;
        lay_out(&bench, segments).await?;
        let duration = first.span.rate.time_of(frames);
        let ticks = first.span.rate.timescale().to_string();
        let cut = Cut::whole(&source);
        let ffmpeg = if source.has_audio() {
            bench.fetch_video(&source, SOURCE).await?;
            cut.input(bench.ffmpeg(), SOURCE).list(PARTS).args(["-map", "1:v:0"])
        } else {
            bench.ffmpeg().list(PARTS).args(["-map", "0:v:0"])
        };
        let ffmpeg = ffmpeg.args(["-c:v", "copy", "-video_track_timescale", &ticks]);
        let ffmpeg = match cut.sound() {
            Some(filter) if source.has_audio() => audio::encode(ffmpeg, &source).args(["-af", &filter]),
            _ => audio::carry(ffmpeg, &source),
        };
        let ffmpeg = Cut::length(ffmpeg, duration).output(OUT);
        let ffmpeg = if source.has_audio() { audio::beside_pictures(ffmpeg, &source) } else { ffmpeg };
        ffmpeg.run(duration).await?;
        let expect = Expect::like(&first.video).codec_of(&first.video).rate(first.span.rate);
        let expect = expect.frames(frames).lasting(duration).sound_of(&source);
        let made = bench.check(OUT, &expect).await?;
        come_evenly(&bench, first.span.rate, frames).await?;
        let artifact = bench.put(OUT).await?;
        let digest = artifact.digest.clone();
        Ok(Video { artifact, digest, ..made })
    }
}

/// Whether these are the segments of the source, each once and in its place; gives the first, and how many pictures there are.
fn whole_of<'a>(source: &Video, segments: &'a [EncodedSegment]) -> Result<(&'a EncodedSegment, u64), MediaError> {
    let Some(first) = segments.first() else {
        return Err(MediaError::NotTheSegments { place: 0, found: "none".into(), expected: "segment 0".into() });
    };
    let Span { of, rate, .. } = first.span;
    let (mut frames, mut pictures) = (0, 0);
    for (place, EncodedSegment { span, video }) in (0..).zip(segments) {
        let expected = Span { number: place, of, first: frames, rate, ..*span };
        if *span != expected || place >= of {
            let [found, expected] = [span, &expected].map(ToString::to_string);
            return Err(MediaError::NotTheSegments { place, found, expected });
        }
        same("count of a segment's pictures", video.frames, span.frames)?;
        (frames, pictures) = (frames + span.frames, pictures + span.pictures);
    }
    let count = u32::try_from(segments.len()).unwrap_or(u32::MAX);
    if count != of {
        let expected = format!("segment {count} of {of}");
        return Err(MediaError::NotTheSegments { place: count, found: "none".into(), expected });
    }
    same("count of the source's pictures", pictures, source.frames)?;
    same("count of the segments' pictures", frames, whole(source, rate))?;
    Ok((first, frames))
}

/// Lays the segments and their list into the folder; all must be set up for a decoder in the same way.
async fn lay_out(bench: &Workbench<'_>, segments: &[EncodedSegment]) -> Result<(), MediaError> {
    let mut list = String::from("ffconcat version 1.0\n");
    let (mut setup, mut begin) = (None, 0);
    for EncodedSegment { span, video } in segments {
        let name = format!("segment{}.mp4", span.number);
        bench.fetch_video(video, &name).await?;
        bench.check(&name, &Expect::like(video).codec_of(video).frames(span.frames)).await?;
        let found = bench.pictures(&name).await?.setup;
        if *setup.get_or_insert_with(|| found.clone()) != found {
            return Err(MediaError::OtherParameters { segment: span.number });
        }
        // Rounded as a sum: the errors of the parts would add up to a tick, in the end.
        let end = (span.time_of_end().as_nanos() + 500) / 1000;
        // Writing to a string does not fail.
        let _ = write!(list, "file {name}\nduration {}us\n", end - begin);
        begin = end;
    }
    bench.write(PARTS, list.as_bytes()).await
}

/// Whether each picture is shown one step of the rate after the one before it.
async fn come_evenly(bench: &Workbench<'_>, rate: FrameRate, frames: u64) -> Result<(), MediaError> {
    let times = bench.pictures(OUT).await?.times;
    let steps = times.steps(usize::try_from(frames).unwrap_or(usize::MAX));
    same("count of times", steps.len() as u64 + 1, frames)?;
    match (1..).zip(steps).find(|(_, step)| !times.is_frame(*step, rate)) {
        None => Ok(()),
        Some((picture, step)) => Err(MediaError::Wrong {
            what: "time between two pictures",
            found: format!("{step} of {} ticks a second before picture {picture}", times.ticks_a_second),
            expected: format!("1/({rate}) s"),
        }),
    }
}

fn same(what: &'static str, found: u64, expected: u64) -> Result<(), MediaError> {
    if found == expected {
        return Ok(());
    }
    Err(MediaError::Wrong { what, found: found.to_string(), expected: expected.to_string() })
}

impl Step for JoinSegments {
    const NAME: Name = Name::new("join-segments");
    type Input = (Video, Vec<EncodedSegment>);
    type Output = Video;

    fn options(&self) -> Options {
        options()
    }

    async fn run(&self, attempt: &Attempt, input: Self::Input) -> Result<Video, StepError> {
        let (source, segments) = input;
        Self::join(attempt, source, &segments).await.map_err(MediaError::into_step_error)
    }
}
