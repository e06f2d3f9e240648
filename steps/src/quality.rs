//! Says how near a video is to what it was made from.

use serde::{Deserialize, Serialize};
use stagemark::{Attempt, Name, Options, Step, StepError};

use crate::{Ffmpeg, MediaError, Video, Workbench, error::Said, options};

/// How near a video is to another one, picture by picture.
///
/// ```
/// fn is_good(report: &stagemark_media::Report) -> bool {
///     report.ssim > 0.98 && report.vmaf.is_none_or(|vmaf| vmaf > 90.0)
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Report {
    /// The structural similarity of all planes, the mean over the pictures: 1 is the same.
    pub ssim: f64,
    /// VMAF, the mean over the pictures: 100 is the same; `None` if it was not asked for, or this ffmpeg has it not.
    pub vmaf: Option<f64>,
    /// How many pictures were compared.
    pub frames: u64,
}

/// Compares a video with its reference, and reports how near it is: by SSIM, and by VMAF on request.
///
/// The first is brought into the size of the second. Pictures are paired by their number, as far as both have them, so
/// both should be of one rate and begin with the same picture.
///
/// ```
/// use stagemark::Workflow;
/// use stagemark_media::{Edit, Probe, Quality, Report, Upload};
///
/// const JUDGE: Workflow<Upload, Report> = Workflow::new("judge");
/// let judge = JUDGE.define(|upload| {
///     let video = upload.then(Probe::default());
///     video.then(Edit::hd720()).and(video).then(Quality::default().vmaf())
/// });
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Quality {
    vmaf: bool,
}

impl Quality {
    /// Also by VMAF, where ffmpeg has it; that takes many times as long.
    #[must_use]
    pub fn vmaf(mut self) -> Self {
        self.vmaf = true;
        self
    }

    async fn report(self, attempt: &Attempt, video: &Video, reference: &Video) -> Result<Report, MediaError> {
        let bench = Workbench::open(attempt).await?;
        bench.fetch_video(video, "video").await?;
        bench.fetch_video(reference, "reference").await?;
        let compare = async |by: &str| {
            let ffmpeg = bench.ffmpeg().input("video").input("reference");
            let ffmpeg: Ffmpeg<'_> = ffmpeg.args(["-filter_complex", &graph(video, reference, by), "-map", "[out]"]);
            ffmpeg
                .decode_only()
                .listen(video.duration.min(reference.duration), |part, said| bench.report(part, said))
                .await
        };
        let (made, said) = compare("ssim").await?;
        let ssim = after(&said, "All:").ok_or_else(|| missing("SSIM"))?;
        let vmaf = match self.vmaf.then_some(()) {
            None => None,
            Some(()) => match compare("libvmaf").await {
                Ok((_, said)) => Some(after(&said, "VMAF score:").ok_or_else(|| missing("VMAF"))?),
                Err(MediaError::Failed { said, .. }) if said.contains("No such filter") => None,
                Err(error) => return Err(error),
            },
        };
        Ok(Report { ssim, vmaf, frames: made.frames })
    }
}

/// Pairs the pictures of both by their number.
fn graph(video: &Video, reference: &Video, by: &str) -> String {
    let (width, height) = (reference.width_px, reference.height_px);
    let alike = format!("scale={width}:{height}:flags=bicubic,setsar=1,format=yuv420p,settb=1/1000,setpts=N*40");
    let (first, second) = (video.stream, reference.stream);
    format!("[0:{first}]{alike}[video];[1:{second}]{alike}[reference];[video][reference]{by}=shortest=1[out]")
}

/// The number after the last of these words.
fn after(said: &str, words: &str) -> Option<f64> {
    let rest = said.rsplit_once(words)?.1.trim_start();
    rest.split(|sign: char| sign.is_whitespace() || sign == ')')
        .next()?
        .parse()
        .ok()
        .filter(|number: &f64| number.is_finite())
}

fn missing(what: &'static str) -> MediaError {
    MediaError::Damaged { source: Said(format!("ffmpeg told no {what}: no picture could be compared")) }
}

impl Step for Quality {
    const NAME: Name = Name::new("quality");
    type Input = (Video, Video);
    type Output = Report;

    fn options(&self) -> Options {
        options()
    }

    async fn run(&self, attempt: &Attempt, (video, reference): (Video, Video)) -> Result<Report, StepError> {
        self.report(attempt, &video, &reference).await.map_err(MediaError::into_step_error)
    }
}
