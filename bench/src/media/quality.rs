//! How near a video is to the same pictures without any loss.

use std::{error::Error, path::Path};

use tokio::process::Command;

/// How near, the mean over the pictures.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quality {
    pub(crate) ssim: f64,
    /// `None` where ffmpeg has no VMAF.
    pub(crate) vmaf: Option<f64>,
}

impl Quality {
    /// Compares by this ffmpeg, picture by picture.
    pub(crate) async fn of(video: &Path, reference: &Path, judge: &Path) -> Result<Self, Box<dyn Error>> {
        let ssim = compare(video, reference, judge, ("ssim", "All:")).await?;
        let vmaf = compare(video, reference, judge, ("libvmaf", "VMAF score:")).await?;
        Ok(Self { ssim: ssim.ok_or("ffmpeg has no SSIM")?, vmaf })
    }
}

/// The number after these words; `None` if there is no such filter.
async fn compare(
    video: &Path,
    reference: &Path,
    judge: &Path,
    (filter, words): (&str, &str),
) -> Result<Option<f64>, Box<dyn Error>> {
    // The command by hand does not say which colours it has: they would be converted to what the other says.
    let tag = "setparams=range=tv:colorspace=bt709:color_primaries=bt709:color_trc=bt709";
    let alike = format!("{tag},format=yuv420p,settb=1/1000,setpts=N*40");
    let graph = format!("[0:v]{alike}[video];[1:v]{alike}[reference];[video][reference]{filter}=shortest=1");
    let mut command = Command::new(judge);
    command.args(["-hide_banner", "-nostdin", "-nostats"]).arg("-i").arg(video).arg("-i").arg(reference);
    let ended = command.args(["-lavfi", &graph, "-f", "null", "-"]).output().await?;
    let said = String::from_utf8_lossy(&ended.stderr);
    if said.contains("No such filter") {
        return Ok(None);
    }
    let after = said.rsplit_once(words).map(|(_, rest)| rest.trim_start());
    let number = after.and_then(|rest| rest.split([' ', '\n']).next()?.parse().ok());
    number.map(Some).ok_or_else(|| format!("{} compared nothing: {said}", judge.display()).into())
}
