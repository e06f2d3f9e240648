//! Lays a logo over a video.

use std::borrow::Cow;

use stagemark::{Attempt, Fusible, Name, Options, Step, StepError};

use crate::{
    Encoding, Media, MediaError, Video, options,
    pass::{self, Kind, Part},
};

/// The bytes that every PNG begins with.
pub(crate) const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

/// Lays a PNG over a video: where, how large, how clear.
///
/// ```
/// use stagemark_media::{Place, Watermark, assets};
///
/// let logo = Watermark::png(assets::LOGO).place(Place::TopLeft).width(0.2).opacity(0.5);
/// ```
#[derive(Clone, Debug)]
pub struct Watermark {
    png: Cow<'static, [u8]>,
    place: Place,
    width: f64,
    margin: f64,
    opacity: f64,
    pub(crate) encoding: Encoding,
}

/// Where a watermark stands.
///
/// ```
/// assert_eq!(stagemark_media::Place::default(), stagemark_media::Place::BottomRight);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Place {
    /// The upper left corner.
    TopLeft,
    /// The upper right corner.
    TopRight,
    /// The lower left corner.
    BottomLeft,
    /// The lower right corner.
    #[default]
    BottomRight,
    /// The middle.
    Center,
}

impl Watermark {
    /// Lays this PNG into the lower right corner.
    pub fn png(bytes: impl Into<Cow<'static, [u8]>>) -> Self {
        let (place, encoding) = (Place::default(), Encoding::default());
        Self { png: bytes.into(), place, width: 0.15, margin: 0.03, opacity: 0.8, encoding }
    }

    /// Where it stands (default: lower right).
    #[must_use]
    pub fn place(mut self, place: Place) -> Self {
        self.place = place;
        self
    }

    /// How wide it is, as a part of the frame's width: 0.01 to 1 (default 0.15). It is never taller than the frame.
    #[must_use]
    pub fn width(mut self, part: f64) -> Self {
        self.width = within(part, 0.01, self.width);
        self
    }

    /// How far it is from the edges, as a part of the frame's height: 0 to 1 (default 0.03).
    #[must_use]
    pub fn margin(mut self, part: f64) -> Self {
        self.margin = within(part, 0.0, self.margin);
        self
    }

    /// How much it covers: 0 is not seen, 1 hides what is behind it (default 0.8).
    #[must_use]
    pub fn opacity(mut self, opacity: f64) -> Self {
        self.opacity = within(opacity, 0.0, self.opacity);
        self
    }

    /// Encodes so (default: [`Encoding::default`]).
    #[must_use]
    pub fn encoding(mut self, encoding: Encoding) -> Self {
        self.encoding = encoding;
        self
    }

    /// The logo, if it is one.
    pub(crate) fn bytes(&self) -> Result<&[u8], MediaError> {
        if self.png.starts_with(PNG) { Ok(&self.png) } else { Err(MediaError::BadAsset { what: "logo" }) }
    }

    /// The filters that the logo goes through, and where it lies on pictures of this size.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of a width in pixels")]
    pub(crate) fn overlay(&self, (width_px, height_px): (u32, u32)) -> (String, String) {
        let width = ((f64::from(width_px) * self.width) as u32).max(2);
        let margin = (f64::from(height_px) * self.margin) as u32;
        let (right, bottom) = (format!("W-w-{margin}"), format!("H-h-{margin}"));
        let margin = margin.to_string();
        let (x, y) = match self.place {
            Place::TopLeft => (&margin, &margin),
            Place::TopRight => (&right, &margin),
            Place::BottomLeft => (&margin, &bottom),
            Place::BottomRight => (&right, &bottom),
            Place::Center => (&"(W-w)/2".to_owned(), &"(H-h)/2".to_owned()),
        };
        let logo = format!(
            "format=rgba,scale={width}:{height_px}:force_original_aspect_ratio=decrease,colorchannelmixer=aa={}",
            self.opacity
        );
        (logo, format!("x={x}:y={y}"))
    }
}

impl From<&Watermark> for Part {
    fn from(step: &Watermark) -> Self {
        Self(Kind::Mark(step.clone()))
    }
}

impl Step for Watermark {
    const NAME: Name = Name::new("watermark");
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

fn within(part: f64, least: f64, otherwise: f64) -> f64 {
    if part.is_finite() { part.clamp(least, 1.0) } else { otherwise }
}
