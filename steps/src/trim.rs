//! Cuts a video to its length, to the frame.

use std::{fmt, marker::PhantomData, time::Duration};

use stagemark::{Attempt, Name, Options, Step, StepError};

use crate::{
    Encoding, Expect, MediaError, Policy, Source, Video, Workbench, audio, cut::Cut, options, policy::falls_short,
};

/// Cuts a video to at most this long, to the frame, and makes it plain: upright, of square pixels, at a
/// [steady](crate::FrameRate::steady) rate, H.264 in MP4, with its sound as AAC.
///
/// Its input is an [`Upload`](crate::Upload), which it probes first, or a [`Video`]; what is shorter stays whole.
///
/// ```
/// use std::time::Duration;
/// use stagemark_media::{Trim, Upload};
///
/// let trim = Trim::<Upload>::to(Duration::from_secs(30)).starting_at(Duration::from_secs(5));
/// ```
pub struct Trim<I> {
    start: Duration,
    length: Duration,
    policy: Policy,
    encoding: Encoding,
    input: PhantomData<fn(I)>,
}

impl<I> Trim<I> {
    /// At most this long, from the beginning.
    pub fn to(length: Duration) -> Self {
        let (start, policy) = (Duration::ZERO, Policy::default());
        Self { start, length, policy, encoding: Encoding::BETWEEN, input: PhantomData }
    }

    /// From here on (default: the beginning).
    #[must_use]
    pub fn starting_at(mut self, start: Duration) -> Self {
        self.start = start;
        self
    }

    /// Probes an upload by this policy.
    #[must_use]
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// Encodes so (default: [`Encoding::BETWEEN`]).
    #[must_use]
    pub fn encoding(mut self, encoding: Encoding) -> Self {
        self.encoding = encoding;
        self
    }

    pub(crate) async fn cut(&self, bench: &Workbench<'_>, source: &Video) -> Result<Video, MediaError> {
        let length = source.duration.saturating_sub(self.start).min(self.length);
        if length.is_zero() {
            return Err(MediaError::NothingLeft { duration: source.duration, start: self.start });
        }
        let (cut, rate) = (Cut::new(source, self.start), source.frame_rate.steady());
        let (width, height) = Cut::size(source);
        let picked = format!("0:{}", source.stream);
        let chain = cut.plain(source, rate);
        let ffmpeg = cut.input(bench.ffmpeg(), "source").args(["-map", &picked]).filter(&chain);
        let ffmpeg = Cut::length(ffmpeg, length);
        let ffmpeg = cut.sound(audio::encode(ffmpeg, source), source).encode(&self.encoding, rate);
        if ffmpeg.output("out.mp4").run(length).await?.frames == 0 {
            return Err(MediaError::NoFrames);
        }
        let expect = Expect::like(source).size(width, height).rate(rate).any_length();
        let made = bench.check("out.mp4", &expect).await?;
        falls_short(made.duration, Some(length))?;
        Ok(Video { artifact: bench.put("out.mp4").await?, ..made })
    }
}

impl<I> fmt::Debug for Trim<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trim").field("start", &self.start).field("length", &self.length).finish_non_exhaustive()
    }
}

impl<I: Source> Step for Trim<I> {
    const NAME: Name = Name::new("trim");
    type Input = I;
    type Output = Video;

    fn options(&self) -> Options {
        options()
    }

    async fn run(&self, attempt: &Attempt, input: I) -> Result<Video, StepError> {
        let trim = async {
            let bench = Workbench::open(attempt).await?;
            let source = match input.video() {
                Some(video) => {
                    bench.fetch(&video.artifact, "source").await?;
                    video.clone()
                }
                None => self.policy.admit(&bench, input.artifact(), "source").await?,
            };
            self.cut(&bench, &source).await
        };
        trim.await.map_err(MediaError::into_step_error)
    }
}
