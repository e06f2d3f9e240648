//! Reads a source from its first picture, or from a later time, on.

use std::time::Duration;

use crate::{Container, Ffmpeg, FrameRate, Video, edit::BT709};

/// From so many lines on, pictures that do not say it have the colours of BT.709.
const HD_LINES: u32 = 720;

/// How much earlier than the first picture is read, so that no rounding of its time can lose it.
const EARLY: Duration = Duration::from_millis(1);

/// Where a source is begun: by seeking, where its container has an index to be trusted; else what comes before is
/// decoded and left out.
#[derive(Debug)]
pub(crate) struct Cut {
    from: String,
    seeks: bool,
    nothing: bool,
}

impl Cut {
    /// From `start` after the first picture on.
    ///
    /// ffmpeg takes the beginning of a file for zero, but in a transport stream the beginning of what it reads of it:
    /// where the sound is not read, the first picture is at zero.
    pub(crate) fn new(source: &Video, start: Duration, silent: bool) -> Self {
        let alone = silent && source.container == Container::MpegTs;
        let from = if alone { start } else { source.lead + start };
        let from = if start.is_zero() { from.saturating_sub(EARLY) } else { from };
        Self {
            from: format!("{}.{:06}", from.as_secs(), from.subsec_micros()),
            seeks: matches!(source.container, Container::Mp4 | Container::Matroska),
            nothing: from.is_zero(),
        }
    }

    /// The whole of it.
    pub(crate) fn whole(source: &Video) -> Self {
        Self::new(source, Duration::ZERO, !source.has_audio())
    }

    /// What the whole of a source counts its time from, from the beginning of the file.
    pub(crate) fn zero(source: &Video) -> Duration {
        source.lead.saturating_sub(EARLY)
    }

    /// Reads the file.
    pub(crate) fn input<'a>(&self, ffmpeg: Ffmpeg<'a>, name: &str) -> Ffmpeg<'a> {
        if self.seeks && !self.nothing { ffmpeg.args(["-ss", &self.from]).input(name) } else { ffmpeg.input(name) }
    }

    /// The filters that the pictures go through first, down to this rate: the first of them is at zero.
    ///
    /// None of them looks at the first picture it sees: all begin anew when the size changes in the middle.
    pub(crate) fn pictures(&self, source: &Video, rate: FrameRate) -> String {
        let from = &self.from;
        let tag = tagged(source.untagged, source.height_px);
        let cut = if self.filters() { format!("trim=start={from},setpts=PTS-{from}/TB,") } else { String::new() };
        tag + &cut + &format!("fps={rate}:start_time=0:eof_action=pass")
    }

    /// The size that they have then: H.264 with halved colour needs even sides.
    pub(crate) fn size(source: &Video) -> (u32, u32) {
        let even = |side_px: u32| (side_px / 2 * 2).max(2);
        (even(source.width_px), even(source.height_px))
    }

    /// The filters that make pictures plain and of this size.
    pub(crate) fn plain((width, height): (u32, u32)) -> String {
        format!("scale={width}:{height},setsar=1,format=yuv420p")
    }

    /// The filter that the sound goes through first, if it must be decoded for that.
    pub(crate) fn sound(&self) -> Option<String> {
        let from = &self.from;
        self.filters().then(|| format!("atrim=start={from},asetpts=PTS-{from}/TB"))
    }

    /// Ends the output after this time.
    pub(crate) fn length(ffmpeg: Ffmpeg<'_>, length: Duration) -> Ffmpeg<'_> {
        ffmpeg.args(["-t", &format!("{:.6}", length.as_secs_f64())])
    }

    fn filters(&self) -> bool {
        !self.seeks && !self.nothing
    }
}

/// The filter that tells the colours of pictures that do not tell them; a shape would else convert what is right.
pub(crate) fn tagged(untagged: bool, height_px: u32) -> String {
    if untagged && height_px >= HD_LINES { format!("{BT709},") } else { String::new() }
}
