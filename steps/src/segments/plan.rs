//! Cuts a source into segments, where decoding can begin.

use std::time::Duration;

use stagemark::{Attempt, Name, Options, Step, StepError};

use super::{Entry, Segment, Span, whole};
use crate::{
    Container, FrameRate, MediaError, Video, Workbench,
    cut::Cut,
    options,
    runner::{Key, Timeline},
};

const SOURCE: &str = "source";
/// How far after a key picture a seek to it may aim: a demuxer that goes by decoding times aims a little earlier.
const AIM: Duration = Duration::from_millis(200);

/// Cuts a source into segments at its key pictures, each at least a minute long, to be encoded one by one: whoever is
/// killed in the middle of a long encoding loses the work on one segment.
///
/// Put [`EncodeSegment`](crate::EncodeSegment) on `each` of them, and join what comes of it with
/// [`JoinSegments`](crate::JoinSegments). What is shorter than two segments, and what has no index to be trusted (AVI and
/// transport streams), is a single one. Each task fetches the whole source, so shorter segments read more.
///
/// ```
/// use std::time::Duration;
/// use stagemark::Workflow;
/// use stagemark_media::{Edit, EncodeSegment, JoinSegments, PlanSegments, Probe, Upload, Video};
///
/// const PUBLISH: Workflow<Upload, Video> = Workflow::new("publish-film");
/// let publish = PUBLISH.define(|upload| {
///     let film = upload.then(Probe::default());
///     let segments = film.then(PlanSegments::at_least(Duration::from_secs(90)));
///     film.and(segments.each(EncodeSegment::edited(Edit::hd720()))).then(JoinSegments)
/// });
/// ```
#[derive(Clone, Copy, Debug)]
pub struct PlanSegments {
    at_least: Duration,
    rate: Option<FrameRate>,
}

impl Default for PlanSegments {
    /// At least a minute each.
    fn default() -> Self {
        Self::at_least(Duration::from_mins(1))
    }
}

impl PlanSegments {
    /// At least so long each (default a minute, at least a second).
    pub fn at_least(length: Duration) -> Self {
        Self { at_least: length.max(Duration::from_secs(1)), rate: None }
    }

    /// So many pictures a second in what is made (default: the source's, made [steady](FrameRate::steady)).
    #[must_use]
    pub fn rate(mut self, rate: FrameRate) -> Self {
        self.rate = Some(rate);
        self
    }

    async fn plan(self, attempt: &Attempt, video: Video) -> Result<Vec<Segment>, MediaError> {
        let rate = self.rate.unwrap_or(video.frame_rate.steady());
        if whole(&video, rate) == 0 {
            return Err(MediaError::NoFrames);
        }
        // A segment has a picture, at any rate.
        let plan = Self { at_least: self.at_least.max(rate.frame_time() * 2), ..self };
        let is_indexed = matches!(video.container, Container::Mp4 | Container::Matroska);
        if !is_indexed || video.duration < plan.at_least * 2 {
            return Ok(segments(&video, rate, &[], &Timeline::default()));
        }
        let bench = Workbench::open(attempt).await?;
        bench.fetch_video(&video, SOURCE).await?;
        let timeline = bench.timeline(SOURCE, video.stream, video.frames.saturating_add(1)).await?;
        let found = timeline.shown.len() as u64;
        if found != video.frames {
            let expected = video.frames.to_string();
            return Err(MediaError::Wrong { what: "count of pictures", found: found.to_string(), expected });
        }
        let cuts = plan.cuts(&video, &timeline);
        Ok(segments(&video, rate, &cuts, &timeline))
    }

    /// The key pictures at which segments begin, but for the first.
    fn cuts(self, video: &Video, timeline: &Timeline) -> Vec<Key> {
        let zero = zero(video, timeline);
        let since_zero = |key: &Key| Duration::from_micros(u64::try_from(key.shown - zero).unwrap_or(0));
        let mut last = Duration::ZERO;
        let long = |key: &&Key| {
            let at = since_zero(key);
            let is_long = at >= last + self.at_least && at + self.at_least <= video.duration;
            if is_long {
                last = at;
            }
            is_long
        };
        timeline.keys.iter().filter(long).copied().collect()
    }
}

/// When the whole begins, by the clock of the file.
fn zero(video: &Video, timeline: &Timeline) -> i64 {
    timeline.begin.saturating_add(i64::try_from(Cut::zero(video).as_micros()).unwrap_or(i64::MAX))
}

/// Where a segment begins.
struct Begin {
    /// Its first picture in the whole.
    first: u64,
    /// How many pictures of the source are shown before.
    shown: u64,
    key: Option<Entry>,
}

/// The segments that begin with the first picture and at these.
fn segments(video: &Video, rate: FrameRate, cuts: &[Key], timeline: &Timeline) -> Vec<Segment> {
    let zero_micros = zero(video, timeline);
    let begin = |key: &Key| {
        // The first picture that shows the key picture or one after it: half a microsecond may be lost in `shown`.
        let micros = u64::try_from(key.shown - zero_micros + 1).unwrap_or(0);
        let shown = timeline.shown.partition_point(|shown| *shown < key.shown) as u64;
        let key = Some(Entry { seek: aim(key, timeline), zero_micros });
        Begin { first: rate.frames_in(Duration::from_micros(micros)), shown, key }
    };
    let end = Begin { first: whole(video, rate), shown: video.frames, key: None };
    let begins: Vec<_> =
        std::iter::once(Begin { first: 0, shown: 0, key: None }).chain(cuts.iter().map(begin)).chain([end]).collect();
    let of = u32::try_from(begins.len() - 1).unwrap_or(u32::MAX);
    let segment = |(number, [Begin { first, shown, key }, end]): (u32, &[Begin; 2])| {
        let (frames, pictures) = (end.first.saturating_sub(*first), end.shown.saturating_sub(*shown));
        let span = Span { number, of, first: *first, frames, pictures, rate };
        Segment { source: video.clone(), span, key: *key }
    };
    (0..).zip(begins.array_windows()).map(segment).collect()
}

/// A time from the beginning of the file between this key picture and the next, so that no rounding leads to one before
/// it and nothing to the next.
fn aim(key: &Key, timeline: &Timeline) -> Duration {
    let after = timeline.keys.iter().find(|next| next.shown > key.shown);
    let room = after.map_or(i64::MAX, |next| next.shown.min(next.decoded).saturating_sub(key.shown) / 2);
    let room = Duration::from_micros(u64::try_from(room).unwrap_or(0)).min(AIM);
    Duration::from_micros(u64::try_from(key.shown - timeline.begin).unwrap_or(0)) + room
}

impl Step for PlanSegments {
    const NAME: Name = Name::new("plan-segments");
    type Input = Video;
    type Output = Vec<Segment>;

    fn options(&self) -> Options {
        options()
    }

    async fn run(&self, attempt: &Attempt, video: Video) -> Result<Vec<Segment>, StepError> {
        self.plan(attempt, video).await.map_err(MediaError::into_step_error)
    }
}
