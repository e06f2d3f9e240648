//! What a file holds, by its packets: what is there, not what is declared.

use std::time::Duration;

use super::ffmpeg::STREAMS_MAX;
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

    /// Takes in a packet of any stream.
    fn take(&mut self, packet: &Packet) {
        let duration = packet.duration.unwrap_or(0.0);
        let decoded = packet.decoded.or(packet.shown);
        let of_pictures = packet.stream == self.stream;
        if of_pictures {
            self.mend(decoded, duration);
        }
        let begin = packet.shown.or(decoded).map(|begin| begin + self.offset);
        let end = begin.map(|begin| begin + duration);
        self.whole = end.map_or(self.whole, |end| end.max(self.whole));
        if !of_pictures {
            return;
        }
        self.read += 1;
        if packet.hidden {
            return;
        }
        self.frames += 1;
        if let (Some(begin), Some(end)) = (begin, end) {
            self.first = Some(self.first.map_or(begin, |first| first.min(begin)));
            self.last = if self.frames == 1 { end } else { end.max(self.last) };
        }
    }
}

/// The packets of a file, as they come by: which stream of pictures is meant, and of what kind the file is, is told
/// after them.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    /// For each stream of pictures: as they are, and put together from several recordings.
    streams: Vec<[Packets; 2]>,
    /// Where the last packet of any stream ended, while there was no stream of pictures.
    whole: f64,
    lines: u64,
}

impl Scan {
    /// Takes in a line of JSON, such as
    /// `{ "codec_type": "video", "stream_index": 0, "pts_time": "0.04", "duration_time": "0.04", "flags": "K_" },`; a
    /// line without a packet means nothing. The most packets of one stream so far is the answer.
    pub(super) fn hear(&mut self, line: &str) -> u64 {
        self.lines += 1;
        if let Some(packet) = Packet::parse(line) {
            self.take(&packet);
        }
        let most = self.streams.iter().map(|[packets, _]| packets.read).max().unwrap_or(0);
        most.max(self.lines / u64::from(STREAMS_MAX))
    }

    fn take(&mut self, packet: &Packet) {
        let known = |streams: &[[Packets; 2]]| streams.iter().any(|[packets, _]| packets.stream == packet.stream);
        if packet.is_picture && !known(&self.streams) && self.streams.len() < STREAMS_MAX as usize {
            let begun = |joined| Packets { stream: packet.stream, joined, whole: self.whole, ..Packets::default() };
            self.streams.push([begun(false), begun(true)]);
        }
        if self.streams.is_empty() {
            let begin = packet.shown.or(packet.decoded);
            self.whole = begin.map_or(self.whole, |begin| self.whole.max(begin + packet.duration.unwrap_or(0.0)));
        }
        for packets in self.streams.iter_mut().flatten() {
            packets.take(packet);
        }
    }

    /// Those of this stream of pictures, in a file of this kind that begins then.
    pub(crate) fn of(&self, stream: u32, container: Container, begin: Option<f64>) -> Packets {
        let joined = usize::from(container == Container::MpegTs);
        let found = self.streams.iter().find(|[packets, _]| packets.stream == stream);
        let none = Packets { stream, whole: self.whole, ..Packets::default() };
        Packets { begin, ..found.map_or(none, |both| both[joined]) }
    }
}

/// One packet, as ffprobe tells it.
pub(super) struct Packet {
    pub(super) stream: u32,
    is_picture: bool,
    pub(super) shown: Option<f64>,
    pub(super) decoded: Option<f64>,
    duration: Option<f64>,
    pub(super) hidden: bool,
    /// Whether decoding can begin here.
    pub(super) is_key: bool,
}

impl Packet {
    /// ffprobe writes a packet's numbers into one line; nothing in it is of the file's own wording.
    pub(super) fn parse(line: &str) -> Option<Self> {
        let field = |name: &str| Some(line.split_once(name)?.1.trim_start_matches([':', ' ', '"']));
        let text = |name: &str| Some(field(name)?.split(['"', ',', ' ']).next().unwrap_or_default());
        let number = |name: &str| text(name)?.parse::<f64>().ok().filter(|number| number.is_finite());
        Some(Self {
            stream: text("\"stream_index\"")?.parse().ok()?,
            is_picture: text("\"codec_type\"") == Some("video"),
            shown: number("\"pts_time\""),
            decoded: number("\"dts_time\""),
            duration: number("\"duration_time\""),
            hidden: text("\"flags\"").is_some_and(|flags| flags.contains('D')),
            is_key: text("\"flags\"").is_some_and(|flags| flags.contains('K')),
        })
    }
}
