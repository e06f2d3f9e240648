//! Brings any video into one shape.

use std::time::Duration;

use stagemark::{Attempt, Name, Options, Step, StepError};

use crate::{Encoding, Expect, FrameRate, MediaError, Video, Workbench, audio, cut::Cut, options};

/// Brings a video into one shape: size, square pixels, a constant rate, 4:2:0, BT.709 colours, H.264 in an MP4 that
/// plays while it loads.
///
/// What has another shape gets black bars, or is [cropped](Self::crop).
///
/// ```
/// use stagemark_media::{Edit, FrameRate};
///
/// let edit = Edit::hd720().crop().rate(FrameRate::new(30, 1));
/// ```
#[derive(Clone, Debug)]
pub struct Edit {
    width_px: u32,
    height_px: u32,
    fit: Fit,
    rate: Option<FrameRate>,
    encoding: Encoding,
}

/// What becomes of a picture of another shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fit {
    Pad,
    Crop,
}

impl Edit {
    /// 1280 x 720.
    pub fn hd720() -> Self {
        Self::size(1280, 720)
    }

    /// 1920 x 1080.
    pub fn hd1080() -> Self {
        Self::size(1920, 1080)
    }

    /// A size of your own, of even sides from 16 to 4096.
    pub fn size(width_px: u32, height_px: u32) -> Self {
        let side = |px: u32| px.clamp(16, 4096) / 2 * 2;
        let (width_px, height_px) = (side(width_px), side(height_px));
        Self { width_px, height_px, fit: Fit::Pad, rate: None, encoding: Encoding::BETWEEN }
    }

    /// Cuts off what does not fit, instead of adding black bars.
    #[must_use]
    pub fn crop(mut self) -> Self {
        self.fit = Fit::Crop;
        self
    }

    /// So many pictures a second (default: the input's, made [steady](FrameRate::steady)).
    #[must_use]
    pub fn rate(mut self, rate: FrameRate) -> Self {
        self.rate = Some(rate);
        self
    }

    /// Encodes so (default: [`Encoding::BETWEEN`]).
    #[must_use]
    pub fn encoding(mut self, encoding: Encoding) -> Self {
        self.encoding = encoding;
        self
    }

    async fn edit(&self, attempt: &Attempt, video: &Video) -> Result<Video, MediaError> {
        let rate = self.rate.unwrap_or_else(|| video.frame_rate.steady());
        let cut = Cut::new(video, Duration::ZERO);
        let bench = Workbench::open(attempt).await?;
        bench.fetch(&video.artifact, "source").await?;
        let picked = format!("0:{}", video.stream);
        let chain = cut.pictures(rate) + "," + &shape(self.width_px, self.height_px, self.fit);
        let ffmpeg = cut.input(bench.ffmpeg(), "source").args(["-map", &picked]).filter(&chain);
        let ffmpeg = Cut::length(ffmpeg, video.duration);
        let ffmpeg = if cut.filters() { audio::encode(ffmpeg, video) } else { audio::carry(ffmpeg, video) };
        let ffmpeg = cut.sound(ffmpeg, video).encode(&self.encoding, rate).args(COLOURS);
        ffmpeg.output("out.mp4").run(video.duration).await?;
        bench.deliver("out.mp4", &Expect::like(video).size(self.width_px, self.height_px).rate(rate)).await
    }
}

impl Step for Edit {
    const NAME: Name = Name::new("edit");
    type Input = Video;
    type Output = Video;

    fn options(&self) -> Options {
        options()
    }

    async fn run(&self, attempt: &Attempt, video: Video) -> Result<Video, StepError> {
        self.edit(attempt, &video).await.map_err(MediaError::into_step_error)
    }
}

/// Says in the file which colours the [shape] has.
pub(crate) const COLOURS: [&str; 8] =
    ["-color_range", "tv", "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709"];

/// The filter chain that brings any picture into this size.
///
/// A crop comes before the scaling: the other way round, a picture of one row would grow to millions of pixels.
pub(crate) fn shape(width: u32, height: u32, fit: Fit) -> String {
    const COLOUR: &str = "out_color_matrix=bt709:out_range=tv";
    let fitted = match fit {
        Fit::Pad => format!(
            "scale=w='max(2,trunc(min({width},{height}*dar)/2)*2)':h='max(2,trunc(min({height},{width}/dar)/2)*2)'\
             :{COLOUR},setsar=1,pad={width}:{height}:(ow-iw)/2:(oh-ih)/2"
        ),
        Fit::Crop => format!(
            "crop=w='max(2,min(iw,ih*{width}/{height}/max(sar,0.001)))':h='max(2,min(ih,iw*max(sar,0.001)*{height}/{width}))',\
             scale={width}:{height}:{COLOUR},setsar=1"
        ),
    };
    format!("{fitted},format=yuv420p")
}
