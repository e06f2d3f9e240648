//! Brings any video into one shape.

use stagemark::{Attempt, Fusible, Name, Options, Step, StepError};

use crate::{
    Encoding, FrameRate, Media, Video, options,
    pass::{self, Kind, Part},
};

/// Brings a video into one shape: size, square pixels, a constant rate, 4:2:0, BT.709 colours, in an MP4 that plays while
/// it loads.
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
    pub(crate) width_px: u32,
    pub(crate) height_px: u32,
    pub(crate) fit: Fit,
    pub(crate) rate: Option<FrameRate>,
    pub(crate) encoding: Encoding,
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
}

impl From<&Edit> for Part {
    fn from(step: &Edit) -> Self {
        Self(Kind::Edit(step.clone()))
    }
}

impl Step for Edit {
    const NAME: Name = Name::new("edit");
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

/// Says which colours the pictures have; the encoder writes it into the file.
pub(crate) const BT709: &str = "setparams=colorspace=bt709:color_primaries=bt709:color_trc=bt709";

/// The filter chain that brings any picture into this size.
///
/// A crop comes before the scaling: the other way round, a picture of one row would grow to millions of pixels.
pub(crate) fn shape(width: u32, height: u32, fit: Fit) -> String {
    const COLOUR: &str = "out_color_matrix=bt709:out_range=tv";
    let fitted = match fit {
        Fit::Pad => {
            let (w, h) = (even(&format!("min({width},{height}*dar)")), even(&format!("min({height},{width}/dar)")));
            format!("scale=w='max(2,{w})':h='max(2,{h})':{COLOUR},setsar=1,pad={width}:{height}:(ow-iw)/2:(oh-ih)/2")
        }
        Fit::Crop => {
            let w = even(&format!("ih*{width}/{height}/max(sar,0.001)"));
            let h = even(&format!("iw*max(sar,0.001)*{height}/{width}"));
            format!("crop=w='max(2,min(iw,{w}))':h='max(2,min(ih,{h}))',scale={width}:{height}:{COLOUR},setsar=1")
        }
    };
    format!("{fitted},format=yuv420p,{BT709}:range=tv")
}

/// The nearest even number, of two the smaller. It is not cut off: what should be 404 and falls short of it by a
/// billionth, as ratios of pixels do, is 404.
fn even(side: &str) -> String {
    format!("ceil({side}/2-0.5)*2")
}
