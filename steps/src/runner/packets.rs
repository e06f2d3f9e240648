//! What a file holds, by its packets: what is there, not what is declared.

use std::time::Duration;

use crate::Container;

/// How far the clock of a transport stream may go back, or leap ahead, before it counts as begun anew; ffmpeg's own
/// bounds.
const CLOCK_BACK: f64 = 0.1;
const CLOCK_AHEAD: f64 = 10.0;

/// What a file holds, by its packets.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Packets {
    /// The stream of pictures.
    stream: u32,
    /// Pictures that are shown.
    pub(crate) frames: u64,
    /// Packets of the picture stream, those that an edit list hides included.
    pub(crate) read: u64,
    first: Option<f64>,
    last: f64,
    /// Where the file begins, by its own account.
    begin: Option<f64>,
    /// Where the last packet of any stream ends.
    whole: f64,
    /// What is added to the times of a stream that was put together from several.
    offset: f64,
    /// Whether it may be so: transport streams alone.
    joined: bool,
    /// Where the last picture in the order of the file ends, by its decoding time.
    next: Option<f64>,
}

impl Packets {
    /// None yet, of this stream of pictures.
    pub(crate) fn of(stream: u32, container: Container, begin: Option<f64>) -> Self {
        Self { stream, begin, joined: container == Container::MpegTs, ..Self::default() }
    }

    /// How long the shown pictures last.
    pub(crate) fn duration(&self) -> Duration {
        let length = self.last - self.first.unwrap_or(self.last);
        Duration::try_from_secs_f64(length.max(0.0)).unwrap_or_default()
    }

    /// How long there is sound alone before the first picture.
    pub(crate) fn lead(&self) -> Duration {
        let lead = self.first.zip(self.begin).map_or(0.0, |(first, begin)| first - begin);
        Duration::try_from_secs_f64(lead.max(0.0)).unwrap_or_default()
    }

    /// How long all streams together last.
    pub(crate) fn whole(&self) -> Duration {
        let length = self.whole - self.begin.unwrap_or(0.0);
        Duration::try_from_secs_f64(length.max(0.0)).unwrap_or_default()
    }

    /// Goes on where the last picture ended, if the clock begins anew: recordings are joined by joining their files.
    fn mend(&mut self, decoded: Option<f64>, duration: f64) {
        let Some(decoded) = decoded else { return };
        if let Some(next) = self.next
            && !(-CLOCK_BACK..CLOCK_AHEAD).contains(&(decoded + self.offset - next))
            && self.joined
        {
            self.offset = next - decoded;
        }
        self.next = Some(decoded + self.offset + duration);
    }

    /// Takes in a line of `stream_index=0|pts_time=0.04|dts_time=0.04|duration_time=0.04|flags=K_`.
    pub(super) fn hear(&mut self, line: &str) {
        let field = |name: &str| line.split('|').find_map(|part| part.strip_prefix(name));
        let number = |name| field(name).and_then(|text| text.parse::<f64>().ok());
        let of_pictures = field("stream_index=").and_then(|index| index.parse().ok()) == Some(self.stream);
        let decoded = number("dts_time=").or_else(|| number("pts_time="));
        if of_pictures {
            self.mend(decoded, number("duration_time=").unwrap_or(0.0));
        }
        let begin = number("pts_time=").or(decoded).map(|begin| begin + self.offset);
        let end = begin.map(|begin| begin + number("duration_time=").unwrap_or(0.0));
        self.whole = end.map_or(self.whole, |end| end.max(self.whole));
        if !of_pictures {
            return;
        }
        self.read += 1;
        if field("flags=").is_some_and(|flags| flags.contains('D')) {
            return;
        }
        self.frames += 1;
        if let (Some(begin), Some(end)) = (begin, end) {
            self.first = Some(self.first.map_or(begin, |first| first.min(begin)));
            self.last = if self.frames == 1 { end } else { end.max(self.last) };
        }
    }
}
