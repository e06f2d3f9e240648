//! The command that somebody would write by hand: trim, scale, pad, overlay and bumpers in one pass.

use std::{
    error::Error,
    path::{Path, PathBuf},
    process::Command,
};

use stagemark_media::{
    Encoding, Video,
    assets::{INTRO, LOGO, OUTRO},
};

use super::ours::KEPT;

/// One ffmpeg command, and where it is run.
pub(crate) struct ByHand {
    folder: PathBuf,
    words: Vec<String>,
}

impl ByHand {
    /// The one that makes the same video from this file.
    pub(crate) fn new(folder: &Path, source: &Path, same: &Video) -> Result<Self, Box<dyn Error>> {
        std::fs::create_dir_all(folder)?;
        for (name, bytes) in [("logo.png", LOGO), ("intro.mp4", INTRO), ("outro.mp4", OUTRO)] {
            std::fs::write(folder.join(name), bytes)?;
        }
        let source = source.canonicalize()?.display().to_string();
        let inputs = [source.as_str(), "logo.png", "intro.mp4", "outro.mp4"];
        let graph = graph(&same.frame_rate.to_string(), is_sd(Path::new(&source))?);
        let words = ["-loglevel", "error", "-nostdin", "-y"].into_iter();
        let words = words.chain(inputs.into_iter().flat_map(|input| ["-i", input]));
        let words = words.chain(["-filter_complex", &graph, "-map", "[out]", "-c:v", "libx264"]);
        Ok(Self { folder: folder.to_owned(), words: words.map(ToOwned::to_owned).collect() })
    }

    /// Makes it with the encoder and the settings that the pipeline has for its last encoding.
    pub(crate) async fn run(&self) -> Result<PathBuf, Box<dyn Error>> {
        let Encoding { preset, crf, .. } = Encoding::default();
        self.encode("out.mp4", &["-preset", preset, "-crf", &crf.to_string(), "-movflags", "+faststart"]).await
    }

    /// Makes it without any loss.
    pub(crate) async fn run_lossless(&self) -> Result<PathBuf, Box<dyn Error>> {
        self.encode("lossless.mp4", &["-preset", "ultrafast", "-qp", "0"]).await
    }

    async fn encode(&self, out: &str, how: &[&str]) -> Result<PathBuf, Box<dyn Error>> {
        let mut command = tokio::process::Command::new("ffmpeg");
        command.current_dir(&self.folder).args(&self.words).args(how).arg(out);
        if command.status().await?.success() {
            return Ok(self.folder.join(out));
        }
        Err("the command by hand failed".into())
    }

    /// How it is typed.
    pub(crate) fn typed(&self) -> String {
        let plain = |word: &str| word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./:+=".contains(&byte));
        let quoted = |word: &String| if plain(word) { word.clone() } else { format!("'{word}'") };
        let words: Vec<_> = self.words.iter().map(quoted).collect();
        let Encoding { preset, crf, .. } = Encoding::default();
        format!("ffmpeg {} -preset {preset} -crf {crf} -movflags +faststart out.mp4", words.join(" "))
    }
}

fn graph(rate: &str, is_sd: bool) -> String {
    // Players read what does not say its colours as BT.601 when it is small; the rest is of BT.709 already.
    let colours = if is_sd { ":out_color_matrix=bt709" } else { "" };
    let fit = |colours| {
        format!(
            "scale=1280:720:force_original_aspect_ratio=decrease{colours},\
             pad=1280:720:(ow-iw)/2:(oh-ih)/2,setsar=1,fps={rate}"
        )
    };
    let (main, bumper, seconds) = (fit(colours), fit(""), KEPT.as_secs());
    format!(
        "[0:v]trim=duration={seconds},setpts=PTS-STARTPTS,{main}[main];[1:v]format=rgba,scale=192:-1,colorchannelmixer=aa=0.8[logo];\
         [main][logo]overlay=W-w-21:H-h-21,format=yuv420p[marked];[2:v]{bumper},format=yuv420p[intro];\
         [3:v]{bumper},format=yuv420p[outro];[intro][marked][outro]concat=n=3:v=1:a=0[out]"
    )
}

/// Whether a video has fewer lines than those from which on colours are of BT.709.
fn is_sd(file: &Path) -> Result<bool, Box<dyn Error>> {
    Ok(asked(file, "stream=height", &[])?.parse::<u32>()? < 720)
}

/// How many pictures a file has.
pub(crate) fn frames_of(file: &Path) -> Result<u64, Box<dyn Error>> {
    Ok(asked(file, "stream=nb_read_packets", &["-count_packets"])?.parse()?)
}

fn asked(file: &Path, entry: &str, more: &[&str]) -> Result<String, Box<dyn Error>> {
    let mut probe = Command::new("ffprobe");
    probe
        .args(["-v", "error", "-select_streams", "v:0", "-of", "default=nw=1:nk=1", "-show_entries", entry])
        .args(more);
    let said = String::from_utf8(probe.arg(file).output()?.stdout)?;
    Ok(said.lines().next().unwrap_or_default().trim().to_owned())
}
