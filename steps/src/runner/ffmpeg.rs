//! One run of ffmpeg, put together option by option.

use std::{path::Path, time::Duration};

use ffmpeg_sidecar::command::FfmpegCommand;

use super::{Confined, Limits, Workbench, bench::check_name, child::Watch, verdict::judge_ffmpeg};
use crate::{Encoding, FrameRate, MediaError};

/// The demuxers that may open a stranger's file.
pub(super) const DEMUXERS: &str = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts";
/// The most streams a file may have before ffmpeg gives up on it.
pub(super) const STREAMS_MAX: u32 = 32;
/// The largest single piece of memory that ffmpeg may ask for.
pub(super) const ALLOC_BYTES_MAX: &str = "268435456";
/// The most pixels of a picture that a decoder accepts; policies ask for fewer.
pub(super) const PIXELS_MAX: &str = "67108864";
/// The part of the packets that may fail to be decoded; a player would show as many pictures frozen.
const ERROR_RATE_MAX: &str = "0.2";
/// More threads make address space scarce, and gain little below 4K.
const THREADS_MAX: usize = 8;

/// One run of ffmpeg on files of a [`Workbench`]: options go before the file they are for, as on its command line.
///
/// What a stranger's file must not do is seen to: see [`Workbench::ffmpeg`].
///
/// ```
/// use std::time::Duration;
/// use stagemark_media::{MediaError, Workbench};
///
/// async fn count_pictures(bench: &Workbench<'_>) -> Result<u64, MediaError> {
///     let made = bench.ffmpeg().input("source").args(["-map", "0:v:0"]).decode_only().run(Duration::from_secs(60));
///     Ok(made.await?.frames)
/// }
/// ```
#[derive(Debug)]
#[must_use = "nothing is run before `run`"]
pub struct Ffmpeg<'a> {
    bench: &'a Workbench<'a>,
    command: FfmpegCommand,
    limits: Limits,
    fault: Option<MediaError>,
}

/// What a run of ffmpeg came to.
///
/// ```
/// assert_eq!(stagemark_media::Made::default().frames, 0);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Made {
    /// How many pictures were written.
    pub frames: u64,
    /// How far the output's time has come.
    pub time: Duration,
}

impl<'a> Ffmpeg<'a> {
    pub(super) fn new(bench: &'a Workbench<'a>) -> Self {
        let mut command = FfmpegCommand::new_with_path(&bench.tools().ffmpeg);
        // The level is told with each line, and `info` tells which signal ended it.
        command.args(["-loglevel", "level+info", "-hide_banner", "-nostdin", "-nostats", "-y"]);
        command.args(["-progress", "pipe:1", "-max_alloc", ALLOC_BYTES_MAX, "-max_error_rate", ERROR_RATE_MAX]);
        Self { bench, command, limits: Limits::default(), fault: None }
    }

    /// Adds options of ffmpeg for the next input or output.
    pub fn args<S: AsRef<str>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        for arg in args {
            self.command.arg(arg.as_ref());
        }
        self
    }

    /// Reads a video of the scratch folder.
    pub fn input(self, name: &str) -> Self {
        let streams = STREAMS_MAX.to_string();
        self.args(["-format_whitelist", DEMUXERS, "-max_streams", &streams, "-max_pixels", PIXELS_MAX])
            .args(["-threads", &threads()])
            .open(name)
    }

    /// Reads a picture of the scratch folder: PNG, JPEG.
    pub fn picture(self, name: &str) -> Self {
        self.args(["-f", "image2", "-pattern_type", "none", "-max_pixels", PIXELS_MAX]).open(name)
    }

    /// Reads a list of files of the scratch folder, one after the other.
    pub(crate) fn list(self, name: &str) -> Self {
        let demuxers = format!("concat,{DEMUXERS}");
        self.args(["-f", "concat", "-safe", "1", "-format_whitelist", &demuxers]).open(name)
    }

    /// Filters the pictures of the output, in ffmpeg's language of filter chains: `hue=s=0`.
    pub fn filter(self, chain: &str) -> Self {
        self.args(["-vf", chain])
    }

    /// Encodes the pictures of the output, which have this rate.
    ///
    /// Each picture keeps its own time: one that comes too early or too late is neither dropped nor doubled.
    pub fn encode(self, encoding: &Encoding, rate: FrameRate) -> Self {
        let ticks = rate.timescale().to_string();
        let times = self.bench.tools().keep_times();
        self.args([times, "vfr", "-enc_time_base:v", &format!("1/{ticks}"), "-video_track_timescale", &ticks])
            .args(encoding.args())
            .args(["-threads", &threads()])
    }

    /// Keeps what one process may use within these limits.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Writes a file of the scratch folder: nothing of the input's tags, chapters, subtitles or attachments.
    ///
    /// An MP4 has its index before its pictures, so that it plays while it loads.
    pub fn output(self, name: &str) -> Self {
        if Path::new(name).extension().is_some_and(|kind| kind == "mp4") {
            // ffmpeg knows the index last: it then reads all that it wrote, and writes it again, further back.
            return self.args(["-movflags", "+faststart"]).output_between(name);
        }
        self.output_between(name)
    }

    /// The same, with so much room before the pictures for the index; one that needs more is an error.
    pub(crate) fn output_with_room(self, name: &str, index_bytes: u64) -> Self {
        self.args(["-moov_size", &index_bytes.to_string()]).output_between(name)
    }

    /// The same for a file that another command of this pass reads: its index is where it is written most easily.
    pub(crate) fn output_between(mut self, name: &str) -> Self {
        let bare = ["-map_metadata", "-1", "-map_chapters", "-1", "-sn", "-dn"];
        self.check(name);
        self.args(bare).args([format!("file:{name}")])
    }

    /// Decodes all that is read and writes nothing.
    pub fn decode_only(self) -> Self {
        self.args(["-f", "null", "-"])
    }

    /// Runs it; `duration` is the time of the output, of which the progress is a part.
    ///
    /// # Errors
    /// [`Damaged`](MediaError::Damaged) and [`TooCostly`](MediaError::TooCostly), which are permanent, and what may
    /// pass: [`Failed`](MediaError::Failed), [`TimedOut`](MediaError::TimedOut), [`Cancelled`](MediaError::Cancelled).
    pub async fn run(self, duration: Duration) -> Result<Made, MediaError> {
        let bench = self.bench;
        self.run_telling(duration, |fraction, message| bench.report(fraction, message)).await
    }

    /// The same; who is told of the progress is up to the caller.
    pub(crate) async fn run_telling(
        self,
        duration: Duration,
        tell: impl Fn(f64, &str) + Send + Sync,
    ) -> Result<Made, MediaError> {
        self.listen(duration, tell).await.map(|(made, _)| made)
    }

    /// The same; gives also the last that ffmpeg said.
    pub(crate) async fn listen(
        mut self,
        duration: Duration,
        tell: impl Fn(f64, &str) + Send + Sync,
    ) -> Result<(Made, String), MediaError> {
        if let Some(fault) = self.fault.take() {
            return Err(fault);
        }
        let command = self.command();
        let attempt = self.bench.attempt();
        let mut made = Made::default();
        let watch = Watch { program: "ffmpeg", attempt, wall: self.limits.wall };
        let ended = watch
            .run(command, |line| {
                if made.hear(line) {
                    let fraction = made.time.as_secs_f64() / duration.as_secs_f64().max(0.001);
                    attempt.heartbeat();
                    tell(fraction, &format!("{:.1} s of video", made.time.as_secs_f64()));
                }
                Ok(())
            })
            .await?;
        let said = judge_ffmpeg(ended)?;
        tell(1.0, &format!("{:.1} s of video", made.time.as_secs_f64()));
        Ok((made, said))
    }

    fn command(&mut self) -> Confined {
        let inner = self.command.as_inner_mut();
        self.bench.confine(inner, &self.limits)
    }

    fn open(mut self, name: &str) -> Self {
        self.check(name);
        let url = self.bench.url(name);
        self.args(["-protocol_whitelist", "file", "-i", &url])
    }

    fn check(&mut self, name: &str) {
        if let Err(fault) = check_name(name) {
            self.fault.get_or_insert(fault);
        }
    }
}

impl Made {
    /// Takes in a line of `-progress`; whether it tells the time.
    fn hear(&mut self, line: &str) -> bool {
        match line.split_once('=') {
            Some(("frame", value)) => self.frames = value.trim().parse().unwrap_or(self.frames),
            Some(("out_time_us", value)) => {
                let time = value.trim().parse().map_or(self.time, Duration::from_micros);
                self.time = time.max(self.time);
                return true;
            }
            _ => {}
        }
        false
    }
}

fn threads() -> String {
    std::thread::available_parallelism().map_or(2, usize::from).min(THREADS_MAX).to_string()
}
