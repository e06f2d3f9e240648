//! Encodes one segment of a source.

use stagemark::{Attempt, Name, Options, Step, StepError};

use super::{EncodedSegment, Segment, Span};
use crate::{
    Edit, Encoding, Expect, Ffmpeg, MediaError, Video, Workbench,
    cut::{Cut, tagged},
    edit::{Fit, shape},
    options,
};

const SOURCE: &str = "source";
const OUT: &str = "out.mp4";

/// Encodes one segment of a source, without sound: it begins with a key picture, and no picture needs one of another
/// segment.
///
/// It is decoded from the key picture that its [`Segment`] names. Where the index of the file is wrong about it, so that
/// pictures would be missing, it is decoded from the beginning of the source, which takes longer and is right.
///
/// All segments of a source must be encoded in the same way.
///
/// ```
/// use stagemark_media::{Edit, EncodeSegment, Encoding};
///
/// let as_large = EncodeSegment::default().encoding(Encoding::av1());
/// let smaller = EncodeSegment::edited(Edit::hd720().encoding(Encoding::default()));
/// ```
#[derive(Clone, Debug, Default)]
pub struct EncodeSegment {
    shape: Option<(u32, u32, Fit)>,
    encoding: Encoding,
}

impl EncodeSegment {
    /// Brings the pictures into the shape of this step, with its encoding (default: as large as the source, with square
    /// pixels, and [`Encoding::default`]). The rate is that of the [plan](crate::PlanSegments::rate).
    pub fn edited(edit: Edit) -> Self {
        Self { shape: Some((edit.width_px, edit.height_px, edit.fit)), encoding: edit.encoding }
    }

    /// Encodes so (default: [`Encoding::default`]).
    #[must_use]
    pub fn encoding(mut self, encoding: Encoding) -> Self {
        self.encoding = encoding;
        self
    }

    async fn encode(&self, attempt: &Attempt, segment: &Segment) -> Result<EncodedSegment, MediaError> {
        let Segment { source, span, .. } = segment;
        let bench = Workbench::open(attempt).await?;
        bench.fetch_video(source, SOURCE).await?;
        self.make(&bench, segment).await?;
        let (width, height) = self.size(source);
        let expect = Expect::of(width, height, span.rate).silent().codec(self.encoding.codec);
        let video = bench.check(OUT, &expect.frames(span.frames).lasting(span.duration())).await?;
        let artifact = bench.put(OUT).await?;
        let digest = artifact.digest.clone();
        Ok(EncodedSegment { span: *span, video: Video { artifact, digest, ..video } })
    }

    /// Makes all pictures of the segment: from its key picture on, or else from the beginning of the source on.
    async fn make(&self, bench: &Workbench<'_>, segment: &Segment) -> Result<(), MediaError> {
        let Segment { source, span, .. } = segment;
        if let Some((ffmpeg, pictures)) = from_key(bench, segment) {
            match self.run(ffmpeg, segment, &pictures).await {
                Ok(frames) if frames == span.frames => return Ok(()),
                Ok(frames) => tracing::info!(segment = span.number, frames, "a segment is decoded from the beginning"),
                Err(error) if error.is_permanent() => {
                    tracing::info!(segment = span.number, %error, "a segment is decoded from the beginning");
                }
                Err(error) => return Err(error),
            }
        }
        let cut = Cut::whole(source);
        let frames = self.run(cut.input(bench.ffmpeg(), SOURCE), segment, &cut.pictures(source, span.rate)).await?;
        if frames == span.frames {
            return Ok(());
        }
        let (found, expected) = (frames.to_string(), span.frames.to_string());
        Err(MediaError::Wrong { what: "count of pictures", found, expected })
    }

    /// Encodes those of the pictures at the rate of the whole that the segment has; gives how many there were.
    async fn run(&self, ffmpeg: Ffmpeg<'_>, segment: &Segment, pictures: &str) -> Result<u64, MediaError> {
        let Segment { source, span, .. } = segment;
        let Span { first, frames, .. } = *span;
        let shape = match self.shape {
            Some((width, height, fit)) => shape(width, height, fit),
            None => Cut::plain(self.size(source)),
        };
        // Pictures are numbered here: one tick is the time of one.
        let chain = format!("{pictures},trim=start_pts={first}:end_pts={},setpts=PTS-{first},{shape}", first + frames);
        let ffmpeg = ffmpeg.args(["-map", &format!("0:{}", source.stream), "-an"]).filter(&chain);
        Ok(ffmpeg.encode(&self.encoding, span.rate).output_between(OUT).run(span.duration()).await?.frames)
    }

    fn size(&self, source: &Video) -> (u32, u32) {
        self.shape.map_or_else(|| Cut::size(source), |(width, height, _)| (width, height))
    }
}

/// Reads from the segment's key picture on, and counts from the beginning of the whole: a picture before the key picture,
/// or a file that is begun too late, leaves the first pictures of the segment missing, and never wrong.
fn from_key<'a>(bench: &'a Workbench<'a>, segment: &Segment) -> Option<(Ffmpeg<'a>, String)> {
    let Segment { source, span, key } = segment;
    let key = key.as_ref()?;
    let seek = format!("{}.{:06}", key.seek.as_secs(), key.seek.subsec_micros());
    let ffmpeg = bench.ffmpeg().args(["-copyts", "-noaccurate_seek", "-ss", &seek]).input(SOURCE);
    let tag = tagged(source.untagged, source.height_px);
    let zero = format!("{}/1000000", key.zero_micros);
    Some((ffmpeg, format!("{tag}setpts=PTS-round({zero}/TB),fps={}:eof_action=pass", span.rate)))
}

impl Step for EncodeSegment {
    const NAME: Name = Name::new("encode-segment");
    type Input = Segment;
    type Output = EncodedSegment;

    fn options(&self) -> Options {
        options()
    }

    async fn run(&self, attempt: &Attempt, segment: Segment) -> Result<EncodedSegment, StepError> {
        self.encode(attempt, &segment).await.map_err(MediaError::into_step_error)
    }
}
