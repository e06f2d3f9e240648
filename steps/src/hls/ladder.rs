//! Says which renditions a video is offered in.

use stagemark::{Attempt, Name, Options, Step, StepError};

use super::{Rendition, Rung};
use crate::{Video, cut::Cut, options};

/// The usual renditions, largest first.
const USUAL: [Rendition; 4] = [
    Rendition::new(1920, 1080, 5_000_000),
    Rendition::new(1280, 720, 2_800_000),
    Rendition::new(854, 480, 1_400_000),
    Rendition::new(640, 360, 800_000),
];

/// Says which renditions a video is offered in: those of the ladder that are not larger than the source, each in the shape
/// of the source, as large as fits into its width and height (into its height and width, if the source is upright).
///
/// A source that is smaller than all of them is offered in its own size, at the bit rate of the smallest.
///
/// ```
/// use stagemark::Workflow;
/// use stagemark_media::{EncodeRendition, Hls, PackageHls, PlanLadder, Probe, Upload};
///
/// const STREAM: Workflow<Upload, Hls> = Workflow::new("stream-video");
/// let stream = STREAM.define(|upload| {
///     let video = upload.then(Probe::default());
///     let renditions = video.then(PlanLadder::default()).each(EncodeRendition::default());
///     video.and(renditions).then(PackageHls)
/// });
/// ```
#[derive(Clone, Debug)]
pub struct PlanLadder {
    renditions: Vec<Rendition>,
}

impl Default for PlanLadder {
    /// 1080p at 5 Mb/s, 720p at 2.8 Mb/s, 480p at 1.4 Mb/s and 360p at 0.8 Mb/s.
    fn default() -> Self {
        Self::of(USUAL)
    }
}

impl PlanLadder {
    /// These renditions, in this order: a player begins with the first. Where there is none, the [usual](Self::default)
    /// smallest is taken.
    pub fn of(renditions: impl IntoIterator<Item = Rendition>) -> Self {
        Self { renditions: renditions.into_iter().collect() }
    }

    fn plan(&self, source: &Video) -> Vec<Rung> {
        let (width_px, height_px) = Cut::size(source);
        let mut fitting: Vec<Rendition> = Vec::new();
        for rendition in &self.renditions {
            if let Some(fitted) = fit(*rendition, (width_px, height_px))
                && !fitting.contains(&fitted)
            {
                fitting.push(fitted);
            }
        }
        if fitting.is_empty() {
            let smallest = self.renditions.iter().min_by_key(|rendition| rendition.bitrate_bps).unwrap_or(&USUAL[3]);
            fitting.push(Rendition { width_px, height_px, ..*smallest });
        }
        fitting.into_iter().map(|rendition| Rung { source: source.clone(), rendition }).collect()
    }
}

/// The largest of this shape that fits into the rendition; none if that is larger than this.
fn fit(rendition: Rendition, (width, height): (u32, u32)) -> Option<Rendition> {
    let Rendition { width_px, height_px, bitrate_bps } = rendition;
    let (wide, narrow) = (width_px.max(height_px), width_px.min(height_px));
    let (box_width, box_height) = if width < height { (narrow, wide) } else { (wide, narrow) };
    // To the nearest even number, since H.264 with halved colour needs one.
    let scaled = |side: u32, by: u32, of: u32| {
        let (product, of) = (u64::from(side) * u64::from(by), u64::from(of.max(1)));
        u32::try_from((product + of) / (of * 2) * 2).unwrap_or(u32::MAX)
    };
    let is_flat = u64::from(box_width) * u64::from(height) <= u64::from(box_height) * u64::from(width);
    let (fit_width, fit_height) = if is_flat {
        (box_width / 2 * 2, scaled(height, box_width, width).min(box_height / 2 * 2))
    } else {
        (scaled(width, box_height, height).min(box_width / 2 * 2), box_height / 2 * 2)
    };
    let fits = fit_width <= width && fit_height <= height && fit_width.min(fit_height) >= 16;
    fits.then_some(Rendition::new(fit_width, fit_height, bitrate_bps))
}

impl Step for PlanLadder {
    const NAME: Name = Name::new("plan-ladder");
    type Input = Video;
    type Output = Vec<Rung>;

    fn options(&self) -> Options {
        options()
    }

    async fn run(&self, _attempt: &Attempt, source: Video) -> Result<Vec<Rung>, StepError> {
        Ok(self.plan(&source))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fitted(size: (u32, u32)) -> Vec<(u32, u32)> {
        let fitted = USUAL.into_iter().filter_map(|rendition| fit(rendition, size));
        fitted.map(|rendition| (rendition.width_px, rendition.height_px)).collect()
    }

    #[test]
    fn nothing_is_larger_than_the_source() {
        assert_eq!(fitted((1280, 720)), [(1280, 720), (854, 480), (640, 360)]);
        assert_eq!(fitted((320, 180)), []);
    }

    #[test]
    fn an_upright_source_stays_upright() {
        assert_eq!(fitted((720, 1280)), [(720, 1280), (480, 854), (360, 640)]);
    }

    #[test]
    fn another_shape_fits_in() {
        assert_eq!(fitted((1440, 1080)), [(1440, 1080), (960, 720), (640, 480), (480, 360)]);
    }
}
